"""What is held of a person here: where they are signed in, and which keys they made."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from core.data.database import Database
from core.kernel.clock import Clock
from modules.auth.queries import API_KEYS, HELD_SESSIONS, OWN_KEYS, SESSIONS
from modules.auth.schemas import ApiKeyRead, SessionData
from modules.auth.service.api_keys import ApiKeyService
from modules.auth.service.guesses import Guesses
from modules.auth.service.sessions import SessionService
from modules.users.public import Accounts


class SignInData:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        accounts: Accounts,
        guesses: Guesses,
        sessions: SessionService,
        api_keys: ApiKeyService,
    ) -> None:
        self._db, self._clock = db, clock
        self._accounts, self._guesses = accounts, guesses
        self._sessions, self._api_keys = sessions, api_keys

    async def sessions(self, user_id: UUID) -> AsyncIterator[Sequence[SessionData]]:
        asked = {"owner": user_id, "now": self._clock()}
        async with self._db.read() as reads:
            async for rows in SESSIONS.batches(reads, HELD_SESSIONS, asked):
                yield SessionData.each(rows)

    async def api_keys(self, user_id: UUID) -> AsyncIterator[Sequence[ApiKeyRead]]:
        async with self._db.read() as reads:
            async for rows in API_KEYS.batches(reads, OWN_KEYS, {"owner": user_id}):
                yield ApiKeyRead.each(rows)

    async def erase(self, user_id: UUID) -> None:
        """Remove the wrong attempts and the known clients, too."""
        if account := await self._accounts.by_id(user_id):
            await self._guesses.forget(account.email)
        await self.close(user_id)

    async def close(self, user_id: UUID) -> None:
        """When the account is disabled, deleted or erased."""
        await self._sessions.close(user_id)
        await self._api_keys.close(user_id)
