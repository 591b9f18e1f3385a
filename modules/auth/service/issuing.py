"""The creation of sessions and of their tokens."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from secrets import token_urlsafe

from core.kit import Clock, Transaction
from core.kit.platform import current_context
from modules.auth.models import AuthSession, RefreshToken
from modules.auth.service.access_tokens import AccessTokens
from modules.auth.service.digests import digest_of, pair_of
from modules.auth.service.signing_keys import KeyRing
from modules.auth.settings import MAX_SESSION, AuthSettings
from modules.users.public import Account

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    token_type: str = "bearer"  # noqa: S105 (RFC 6749, section 7.1)


class TokenIssuer:
    def __init__(self, tokens: AccessTokens, clock: Clock, settings: AuthSettings) -> None:
        self._tokens, self._clock, self._settings = tokens, clock, settings

    async def open_session(
        self, tx: Transaction, account: Account, device: str
    ) -> tuple[AuthSession, str]:
        """Add a session; return it with its first refresh token."""
        now = self._clock()
        opened = await tx.insert(
            AuthSession,
            user_id=account.id,
            device=device,
            address=current_context().client_ip,
            created_at=now,
            last_used_at=now,
            fresh_at=now,
            expires_at=self.end_of(now, now),
        )
        return opened, await self.refresh_token(tx, opened)

    async def refresh_token(self, tx: Transaction, of: AuthSession) -> str:
        """Return a new refresh token, of which only the digest is stored."""
        token = token_urlsafe(TOKEN_BYTES)
        digest, now = digest_of(token), self._clock()
        await tx.insert(RefreshToken, digest=digest, session_id=of.id, created_at=now)
        return token

    def pair(self, ring: KeyRing, of: AuthSession, refresh_token: str) -> IssuedTokens:
        pair = pair_of(refresh_token)
        access, lifetime = self._tokens.issue(ring, of.user_id, of.id, of.expires_at, pair)
        left = ceil((of.expires_at - self._clock()).total_seconds())
        return IssuedTokens(access, lifetime, refresh_token, left)

    def end_of(self, created_at: datetime, used_at: datetime) -> datetime:
        """Return the time at which the session expires, by disuse or by its age (ASVS 7.3)."""
        return min(used_at + self._settings.refresh_token_ttl, created_at + MAX_SESSION)
