"""Leaving: what ends with an account at once, and its erasure by every module afterwards."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, select, update

from core.data.audit import AuditTrail
from core.data.database import Database
from core.data.transaction import Transaction
from core.events.outbox import Outbox
from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.kernel.principal import Principal
from core.operations.contributions import PersonalData
from core.security.reauthentication import Reauthentication
from modules.users.events import ErasureSettled
from modules.users.models import User
from modules.users.public import AccountClosed, LastAdmin, UserDeleted, UserErased
from modules.users.queries import DUE, IS_KNOWN, lock_admins
from modules.users.rows import update_row
from modules.users.settings import UsersSettings

log = structlog.get_logger(__name__)

LOCK = (
    select(User.id)
    .where(User.id == bindparam("user_id"), User.erasing_since.is_not(None))
    .with_for_update()
)
"""No row that refers to the person can be added from here on."""
STILL_DUE = (
    select(User.id)
    .where(User.id == bindparam("user_id"), User.deletes_at <= bindparam("now"), IS_KNOWN)
    .with_for_update()
)
SETTLED_AFTER = timedelta(hours=1)
"""The time after an erasure in which requests of the erased person may still be running."""
AT_ONCE = 100  # people: those that are due are found so many at a time


class AccountDeletion:
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
        async with self._db.transaction() as tx:
            if await lock_admins(tx, leaver.id) == [leaver.id]:
                raise LastAdmin
            await self._audit.record(tx, "users.request_deletion", ("users", leaver.id))
            if self._settings.deletion_grace:
                await update_row(tx, leaver.id, {"deletes_at": deletes_at})
                await self.close(leaver.id)
            else:
                await self.remove(tx, leaver.id)
        return deletes_at

    async def close(self, user_id: UUID) -> None:
        """End every session, key and sign-in, as a part of the caller's transaction."""
        self._db.invalidate("users", "principals")
        for each in self._contributions.of(AccountClosed):
            await each.run(user_id)

    async def remove(self, tx: Transaction, user_id: UUID) -> None:
        """Take the person out of sight, as a part of the caller's transaction.

        The relay erases what modules hold, afterwards and in short transactions.
        """
        for each in self._contributions.of(PersonalData):
            if each.forget:
                await each.forget(user_id)
        blanked = blank(user_id, self._clock())
        await tx.session.execute(update(User).where(User.id == user_id).values(blanked))
        await self.close(user_id)
        await self._outbox.record(tx, UserDeleted(user_id=user_id))

    async def erase(self, user_id: UUID) -> None:
        """Erase what every module holds; the person's row goes last. Harmless when repeated."""
        while not await self._finished(user_id):
            for each in self._contributions.of(PersonalData):
                while await each.erase(user_id):
                    pass
        await self.forget_addresses(user_id)

    async def forget_addresses(self, user_id: UUID) -> None:
        """Clear the client IPs; again when requests that outlived the erasure have ended."""
        await self._audit.forget_addresses(user_id)

    async def remove_due(self) -> None:
        """A person that cannot be removed now is tried the next time, and delays no other."""
        async with self._db.read() as reads:
            due = (await reads.scalars(DUE, {"now": self._clock(), "at_most": AT_ONCE})).all()
        for user_id in due:
            try:
                await self._remove_if_due(user_id)
            except Exception:
                log.exception("removal_failed", user_id=str(user_id))

    async def _remove_if_due(self, user_id: UUID) -> None:
        async with self._db.transaction() as tx:
            if await tx.session.scalar(STILL_DUE, {"user_id": user_id, "now": self._clock()}):
                await self.remove(tx, user_id)

    async def _finished(self, user_id: UUID) -> bool:
        """Remove the row if nothing refers to it, not even what was added until this moment."""
        async with self._db.transaction() as tx:
            if not await tx.session.scalar(LOCK, {"user_id": user_id}):
                return True
            for each in self._contributions.of(PersonalData):
                if await each.erase(user_id):
                    return False
            await tx.session.execute(delete(User).where(User.id == user_id))
            await self._outbox.record(tx, UserErased(user_id=user_id))
            await self._outbox.record(tx, ErasureSettled(user_id=user_id), SETTLED_AFTER)
            await self._audit.record(tx, "users.erase", ("users", user_id))
        return True


def blank(user_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the values of a blanked row: an id, and an e-mail address that is never valid."""
    return {
        "name": "",
        "email": "",
        "email_key": f"erased:{user_id.hex}",
        "roles": (),
        "is_active": False,
        "erasing_since": now,
        "deletes_at": now,
        "created_at": User.created_at,
        "updated_at": User.updated_at,
    } | dict.fromkeys(PRIVATE)


PRIVATE = (
    "age",
    "locale",
    "password_hash",
    "email_verified_at",
    "pending_email",
    "last_login_at",
)
