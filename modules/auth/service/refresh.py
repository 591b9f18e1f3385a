"""A refresh token turned into its successor, once (RFC 9700, section 4.14; ASVS 10.4.5).

The token that was used gives the same successor again: for the grace, because two tabs may refresh
at once, and for the retry, while neither the successor nor its access token was used, because the
answer may have been lost. Sent later it was stolen, so its whole session ends.
"""

from datetime import datetime

from sqlalchemy import select

from core.data.audit import AuditTrail, Outcome
from core.data.database import Database
from core.data.transaction import Transaction
from core.kernel.clock import Clock
from core.operations.maintenance import Maintenance
from core.security.secrets import SecretKeys
from modules.auth.errors import InvalidRefreshToken
from modules.auth.models import ENDED, AuthSession, RefreshToken
from modules.auth.queries import FORGET_SUCCESSORS, OF_TOKEN, USE_TOKEN
from modules.auth.service.digests import digest_of, pair_of
from modules.auth.service.issuing import IssuedTokens, TokenIssuer
from modules.auth.service.login import check_maintenance, set_principal
from modules.auth.service.signing_keys import PRINCIPALS
from modules.auth.settings import AuthSettings
from modules.users.public import Accounts

SUCCESSOR = "auth.refresh_successor"


class Refresh:
    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        clock: Clock,
        accounts: Accounts,
        issuer: TokenIssuer,
        maintenance: Maintenance,
        settings: AuthSettings,
    ) -> None:
        self._db, self._audit, self._clock = db, audit, clock
        self._accounts, self._issuer, self._maintenance = accounts, issuer, maintenance
        self._grace, self._retry = settings.refresh_grace, settings.refresh_retry

    async def refresh(self, token: str) -> IssuedTokens:
        """Raises InvalidRefreshToken and UnderMaintenance; a refusal uses nothing up."""
        ring = await self._issuer.ring()
        async with self._db.transaction() as tx:
            of = await self._session_of(tx, token)
            successor = await self._successor(tx, of, token)
            if successor is None:
                await self._end_stolen(tx, of)
        if successor is None:  # raised after the commit, which ended the session
            raise InvalidRefreshToken
        return self._issuer.pair(ring, of, successor)

    async def _session_of(self, tx: Transaction, token: str) -> AuthSession:
        """Locked; of somebody who may be signed in now."""
        of = await tx.session.scalar(OF_TOKEN, {"token_digest": digest_of(token)})
        if of is None or of.expires_at <= self._clock():
            raise InvalidRefreshToken
        account = await self._accounts.by_id(of.user_id)
        if account is None or not account.is_active:
            raise InvalidRefreshToken
        set_principal(account)
        await check_maintenance(self._maintenance, account)
        return of

    async def _successor(self, tx: Transaction, of: AuthSession, token: str) -> str | None:
        """The new token, or the one that was given before; None for a stolen token."""
        used = await tx.session.get_one(RefreshToken, digest_of(token))
        if used.used_at is None:
            return await self._rotate(tx, of, token)
        if used.sealed_successor is None or self._clock() >= self._repeatable_until(
            of, used.used_at
        ):
            return None
        successor = SecretKeys(token).unseal(SUCCESSOR, used.sealed_successor).decode()
        return successor if await self._is_unused(tx, successor) else None

    def _repeatable_until(self, of: AuthSession, used_at: datetime) -> datetime:
        return used_at + (max(self._grace, self._retry) if of.unused_pair else self._grace)

    async def _rotate(self, tx: Transaction, of: AuthSession, token: str) -> str | None:
        now = self._clock()
        await tx.session.execute(FORGET_SUCCESSORS, {"of_session": of.id})
        successor = self._issuer.refresh_token(tx, of)
        is_repeatable = self._grace or self._retry
        sealed = SecretKeys(token).seal(SUCCESSOR, successor.encode()) if is_repeatable else None
        use = USE_TOKEN.values(used_at=now, sealed_successor=sealed)
        if not await tx.session.scalar(use, {"token_digest": digest_of(token)}):
            raise InvalidRefreshToken
        of.assign(last_used_at=now, expires_at=self._issuer.end_of(of.created_at, now))
        of.unused_pair = pair_of(successor) if self._retry else None
        await self._audit.record(tx, "auth.refresh", of)
        return successor

    async def _is_unused(self, tx: Transaction, token: str) -> bool:
        unused = select(RefreshToken.digest).where(
            RefreshToken.digest == digest_of(token), RefreshToken.used_at.is_(None)
        )
        return await tx.session.scalar(unused) is not None

    async def _end_stolen(self, tx: Transaction, of: AuthSession) -> None:
        of.expires_at = ENDED
        self._db.invalidate(PRINCIPALS)
        await self._audit.refuse("auth.refresh_reuse", "auth_sessions", of.id, Outcome.refused)
