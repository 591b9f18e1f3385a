"""The removal of expired sessions, tokens, API keys, attempts and signing keys."""

from datetime import timedelta

from sqlalchemy import exists, or_, select

from core.kit import Clock, Database
from core.kit.platform import delete_all, update_some
from modules.auth.models import ApiKey, Attempts, AuthSession, RefreshToken, SigningKey
from modules.auth.settings import AuthSettings

EXPIRED_KEYS_KEPT = timedelta(days=30)
"""Expired API keys stay listed for this time, so that owners see why they stopped working."""


class ExpiredDataCleanup:
    def __init__(self, db: Database, clock: Clock, settings: AuthSettings) -> None:
        self._db, self._clock = db, clock
        self._grace, self._retry = settings.refresh_grace, settings.refresh_retry

    async def sweep(self) -> None:
        await self._forget_successors()
        await self._forget_expired()

    async def _forget_successors(self) -> None:
        """Erase the sealed successors whose grace and retry periods are over."""
        now = self._clock()
        still_unused = exists().where(
            AuthSession.id == RefreshToken.session_id, AuthSession.unused_pair.is_not(None)
        )
        grace_over = RefreshToken.used_at < now - self._grace
        retry_over = or_(RefreshToken.used_at < now - self._retry, ~still_unused)
        sealed, values = RefreshToken.sealed_successor.is_not(None), {"sealed_successor": None}
        while await update_some(self._db, RefreshToken, values, grace_over, retry_over, sealed):
            pass

    async def _forget_expired(self) -> None:
        """Delete expired rows, a session after its tokens: there may be thousands of these."""
        now = self._clock()
        expired = AuthSession.expires_at < now
        ended = select(AuthSession.id).where(expired)
        await delete_all(self._db, RefreshToken, RefreshToken.session_id.in_(ended))
        await delete_all(self._db, AuthSession, expired)
        await delete_all(self._db, ApiKey, ApiKey.expires_at < now - EXPIRED_KEYS_KEPT)
        await delete_all(self._db, Attempts, Attempts.forget_at < now)
        await delete_all(self._db, SigningKey, SigningKey.verifies_until <= now)
