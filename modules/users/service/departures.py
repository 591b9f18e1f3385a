"""Leaving: what ends with an account at once, and its erasure by every module in the end."""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.data.audit import AuditTrail
from core.data.database import Database
from core.events.outbox import Outbox
from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.kernel.principal import Principal
from core.operations.contributions import PersonalData
from core.security.reauthentication import Reauthentication
from modules.users.models import User
from modules.users.public import AccountClosed, LastAdmin, UserErased
from modules.users.queries import DUE, lock_admins
from modules.users.rows import update_row
from modules.users.settings import UsersSettings

log = structlog.get_logger(__name__)

LOCK = select(User.id).where(User.id == bindparam("user_id")).with_for_update()
"""Nothing that refers to the person can be added from here on."""
STILL_DUE = (
    select(User.id)
    .where(User.id == bindparam("user_id"), User.deletes_at <= bindparam("now"))
    .with_for_update()
)


class DepartureService:
    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        audit: AuditTrail,
        clock: Clock,
        contributions: Contributions,
        settings: UsersSettings,
        reauthentication: Reauthentication,
    ) -> None:
        self._db, self._outbox, self._audit, self._clock = db, outbox, audit, clock
        self._contributions, self._settings = contributions, settings
        self._reauthentication = reauthentication

    async def request(self, leaver: Principal, password: str | None) -> datetime:
        """Close one's own account; says when it will be erased. Raises LastAdmin."""
        await self._reauthentication.confirm(leaver, password)
        deletes_at = self._clock() + self._settings.deletion_grace
        async with self._db.transaction() as session:
            if await lock_admins(session, leaver.id) == [leaver.id]:
                raise LastAdmin
            await update_row(session, leaver.id, {"deletes_at": deletes_at})
            await self._audit.record(session, "users.request_deletion", ("users", leaver.id))
            await self.close(leaver.id)
            if not self._settings.deletion_grace:
                await self.erase(session, leaver.id)
        return deletes_at

    async def close(self, user_id: UUID) -> None:
        """End every session, key and sign-in, as a part of the caller's transaction."""
        self._db.touch("users", "principals")
        for each in self._contributions.of(AccountClosed):
            await each.run(user_id)

    async def erase(self, session: AsyncSession, user_id: UUID) -> None:
        """All of it or nothing: every module's part first, then the row they refer to."""
        await session.execute(LOCK, {"user_id": user_id})
        await self.close(user_id)
        for each in self._contributions.of(PersonalData):
            await each.erase(user_id)
        await session.execute(delete(User).where(User.id == user_id))
        await self._outbox.record(session, UserErased(user_id=user_id))

    async def erase_due(self) -> None:
        """Whoever cannot be erased now is tried again, and keeps nobody else waiting."""
        async with self._db.read() as reads:
            due = (await reads.scalars(DUE, {"now": self._clock()})).all()
        for user_id in due:
            try:
                await self._erase_if_due(user_id)
            except Exception:
                log.exception("erasure_failed", user_id=str(user_id))

    async def _erase_if_due(self, user_id: UUID) -> None:
        async with self._db.transaction() as session:
            asked = {"user_id": user_id, "now": self._clock()}
            if await session.scalar(STILL_DUE, asked):
                await self.erase(session, user_id)
                await self._audit.record(session, "users.erase", ("users", user_id))
