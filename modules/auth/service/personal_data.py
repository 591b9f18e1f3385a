"""What is held of a person here: where they are signed in, and which keys they made."""

from typing import Any
from uuid import UUID

from core.data.database import Database
from core.kernel.clock import Clock
from modules.auth.queries import HELD_SESSIONS, OWN_KEYS
from modules.auth.schemas import ApiKeyRead, SessionData
from modules.auth.service.api_keys import ApiKeyService
from modules.auth.service.sessions import SessionService


class SignInData:
    def __init__(
        self, db: Database, clock: Clock, sessions: SessionService, api_keys: ApiKeyService
    ) -> None:
        self._db, self._clock = db, clock
        self._sessions, self._api_keys = sessions, api_keys

    async def export(self, user_id: UUID) -> dict[str, Any]:
        asked = {"owner": user_id, "now": self._clock()}
        async with self._db.read() as reads:
            sessions = (await reads.execute(HELD_SESSIONS, asked)).all()
            keys = (await reads.execute(OWN_KEYS, {"owner": user_id})).all()
        return {
            "sessions": [SessionData.of(row).model_dump(mode="json") for row in sessions],
            "api_keys": [ApiKeyRead.of(row).model_dump(mode="json") for row in keys],
        }

    async def close(self, user_id: UUID) -> None:
        """When the account is disabled, deleted or erased."""
        await self._sessions.close(user_id)
        await self._api_keys.close(user_id)
