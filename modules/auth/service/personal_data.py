"""The personal data of the module: the sessions, API keys and password of a user."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import delete, select

from core.kit import Clock, Database, delete_some
from modules.auth.models import ApiKey, AuthSession, Password, RefreshToken
from modules.auth.queries import API_KEYS, HELD_SESSIONS, SESSIONS
from modules.auth.schemas import ApiKeyRead, SessionData
from modules.auth.service.login_throttle import LoginThrottle
from modules.auth.service.sessions import SessionService
from modules.users.public import Accounts


class SignInData:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        accounts: Accounts,
        login_throttle: LoginThrottle,
        sessions: SessionService,
    ) -> None:
        self._db, self._clock = db, clock
        self._accounts, self._login_throttle, self._sessions = accounts, login_throttle, sessions

    async def sessions(self, user_id: UUID) -> AsyncIterator[Sequence[SessionData]]:
        values = {"owner": user_id, "now": self._clock()}
        async for rows in self._db.batches(SESSIONS, HELD_SESSIONS, **values):
            yield SessionData.each(rows)

    async def api_keys(self, user_id: UUID) -> AsyncIterator[Sequence[ApiKeyRead]]:
        async for rows in self._db.batches(API_KEYS, ApiKey, user_id=user_id):
            yield ApiKeyRead.each(rows)

    async def forget(self, user_id: UUID) -> None:
        """Remove the password, and attempts and clients, which only the e-mail address finds."""
        async with self._db.transaction() as tx:
            await tx.session.execute(delete(Password).where(Password.user_id == user_id))
        if account := await self._accounts.by_id(user_id):
            await self._login_throttle.forget(account.email)

    async def erase(self, user_id: UUID) -> bool:
        """Erase some of the data, refresh tokens first; return whether there may be more."""
        own = select(AuthSession.id).where(AuthSession.user_id == user_id)
        return (
            await delete_some(self._db, RefreshToken, RefreshToken.session_id.in_(own))
            or await delete_some(self._db, AuthSession, AuthSession.user_id == user_id)
            or await delete_some(self._db, ApiKey, ApiKey.user_id == user_id)
        )

    async def close(self, user_id: UUID) -> None:
        """End the sessions and delete the API keys of an account that is disabled or deleted."""
        async with self._db.transaction() as tx:
            await self._sessions.end_where(tx, AuthSession.user_id == user_id)
            await tx.session.execute(delete(ApiKey).where(ApiKey.user_id == user_id))
