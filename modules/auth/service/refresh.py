"""The exchange of a refresh token for its successor, once (RFC 9700, section 4.14; ASVS 10.4.5).

A used token returns the same successor again while the successor is unused. In the grace period
this serves two browser tabs that refresh at once. In the retry period it serves a client that lost
the response, so that period ends when the new access token is used. Any other repeated use means
that the token was stolen, and ends the session.
"""

from datetime import datetime

from sqlalchemy import select

from core.kit import Clock, Database, Transaction
from core.kit.platform import Maintenance, Outcome, SecretKeys
from modules.auth.errors import InvalidRefreshToken
from modules.auth.models import ENDED, AuthSession, RefreshToken
from modules.auth.queries import FORGET_SUCCESSORS, OF_TOKEN, USE_TOKEN
from modules.auth.service.digests import digest_of, pair_of
from modules.auth.service.issuing import IssuedTokens, TokenIssuer
from modules.auth.service.login import enter_as
from modules.auth.service.signing_keys import PRINCIPALS, SigningKeys
from modules.auth.settings import AuthSettings
from modules.users.public import Accounts

SUCCESSOR = "auth.refresh_successor"


class Refresh:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        accounts: Accounts,
        signing_keys: SigningKeys,
        issuer: TokenIssuer,
        maintenance: Maintenance,
        settings: AuthSettings,
    ) -> None:
        self._db, self._clock, self._maintenance = db, clock, maintenance
        self._accounts, self._signing_keys, self._issuer = accounts, signing_keys, issuer
        self._grace, self._retry = settings.refresh_grace, settings.refresh_retry

    async def refresh(self, token: str) -> IssuedTokens:
        """Return new tokens. Raises InvalidRefreshToken and UnderMaintenance.

        UnderMaintenance leaves the token unused.
        """
        ring = await self._signing_keys.ring()
        async with self._db.transaction() as tx:
            session = await self._session_of(tx, token)
            refreshed = await self._refreshed(tx, session, token)
            if refreshed is None:
                await self._end_stolen(tx, session)
        if refreshed is None:  # raised after the commit, which ended the session
            raise InvalidRefreshToken
        return self._issuer.pair(ring, *refreshed)

    async def _session_of(self, tx: Transaction, token: str) -> AuthSession:
        """Lock and return the session. Raises InvalidRefreshToken and UnderMaintenance."""
        session = await tx.session.scalar(OF_TOKEN, {"token_digest": digest_of(token)})
        if session is None or session.expires_at <= self._clock():
            raise InvalidRefreshToken
        account = await self._accounts.by_id(session.user_id)
        if account is None or not account.is_active:
            raise InvalidRefreshToken
        await enter_as(account, self._maintenance)
        return session

    async def _refreshed(
        self, tx: Transaction, session: AuthSession, token: str
    ) -> tuple[AuthSession, str] | None:
        """Return the session, and its new token or the one that was issued before.

        Return None for a stolen token.
        """
        used = await tx.session.get_one(RefreshToken, digest_of(token))
        if used.used_at is None:
            return await self._rotate(tx, session, token)
        if used.sealed_successor is None or self._clock() >= self._repeatable_until(
            session, used.used_at
        ):
            return None
        successor = SecretKeys(token).unseal(SUCCESSOR, used.sealed_successor).decode()
        return (session, successor) if await self._is_unused(tx, successor) else None

    def _repeatable_until(self, session: AuthSession, used_at: datetime) -> datetime:
        return used_at + (max(self._grace, self._retry) if session.unused_pair else self._grace)

    async def _rotate(
        self, tx: Transaction, session: AuthSession, token: str
    ) -> tuple[AuthSession, str]:
        now = self._clock()
        await tx.execute(FORGET_SUCCESSORS, {"of_session": session.id})
        successor = await self._issuer.refresh_token(tx, session)
        is_repeatable = self._grace or self._retry
        sealed = SecretKeys(token).seal(SUCCESSOR, successor.encode()) if is_repeatable else None
        use = USE_TOKEN.values(used_at=now, sealed_successor=sealed)
        if not await tx.session.scalar(use, {"token_digest": digest_of(token)}):
            raise InvalidRefreshToken
        changes = {
            "last_used_at": now,
            "expires_at": self._issuer.end_of(session.created_at, now),
            "unused_pair": pair_of(successor) if self._retry else None,
        }
        session = await tx.update(session, changes)
        await tx.record("auth.refresh", session)
        return session, successor

    async def _is_unused(self, tx: Transaction, token: str) -> bool:
        unused = select(RefreshToken.digest).where(
            RefreshToken.digest == digest_of(token), RefreshToken.used_at.is_(None)
        )
        return await tx.session.scalar(unused) is not None

    async def _end_stolen(self, tx: Transaction, session: AuthSession) -> None:
        await tx.update(session, {"expires_at": ENDED})
        tx.invalidate(PRINCIPALS)
        await tx.record("auth.refresh_reuse", session, outcome=Outcome.refused)
