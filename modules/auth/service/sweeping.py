"""What has expired, removed."""

from datetime import timedelta

from sqlalchemy import delete, exists, or_, update

from core.data.database import Database
from core.kernel.clock import Clock
from modules.auth.models import ApiKey, AuthSession, RefreshToken
from modules.auth.service.guesses import Guesses
from modules.auth.service.signing_keys import SigningKeys
from modules.auth.settings import AuthSettings

EXPIRED_KEYS_KEPT = timedelta(days=30)
"""So that their owner sees why they stopped working."""


class Sweeping:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        guesses: Guesses,
        signing_keys: SigningKeys,
        settings: AuthSettings,
    ) -> None:
        self._db, self._clock = db, clock
        self._grace, self._retry = settings.refresh_grace, settings.refresh_retry
        self._guesses, self._signing_keys = guesses, signing_keys

    async def sweep(self) -> None:
        await self._forget_successors()
        await self._forget_expired()
        await self._guesses.forget_old()
        await self._signing_keys.forget_retired()

    async def _forget_successors(self) -> None:
        """Erase the successors that no token gives any more, once grace and retry are over."""
        now = self._clock()
        still_unused = exists().where(
            AuthSession.id == RefreshToken.session_id, AuthSession.unused_pair.is_not(None)
        )
        over = RefreshToken.used_at < now - self._grace
        retry_over = or_(RefreshToken.used_at < now - self._retry, ~still_unused)
        sealed = update(RefreshToken).where(
            over, retry_over, RefreshToken.sealed_successor.is_not(None)
        )
        async with self._db.transaction() as session:
            await session.execute(sealed.values(sealed_successor=None))

    async def _forget_expired(self) -> None:
        now = self._clock()
        async with self._db.transaction() as session:
            await session.execute(delete(AuthSession).where(AuthSession.expires_at < now))
            old = ApiKey.expires_at < now - EXPIRED_KEYS_KEPT
            await session.execute(delete(ApiKey).where(old))
