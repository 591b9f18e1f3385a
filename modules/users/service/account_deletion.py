"""Account deletion: sessions and keys end at once; every module erases its data afterwards."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, select, update

from core.kit import Clock, Contributions, Database, PersonalData, Principal, Transaction
from core.kit.platform import AuditTrail, Reauthentication
from modules.users.errors import LastAdmin
from modules.users.events import ErasureSettled
from modules.users.models import User
from modules.users.public import AccountClosed, UserDeleted, UserErased
from modules.users.queries import DUE, IS_KNOWN, is_last_admin
from modules.users.rows import update_row
from modules.users.settings import UsersSettings

log = structlog.get_logger(__name__)

LOCK = (
    select(User.id)
    .where(User.id == bindparam("user_id"), User.erasing_since.is_not(None))
    .with_for_update()
)
"""No row that refers to the user can be added while this lock is held."""
STILL_DUE = (
    select(User.id)
    .where(User.id == bindparam("user_id"), User.deletes_at <= bindparam("now"), IS_KNOWN)
    .with_for_update()
)
SETTLED_AFTER = timedelta(hours=1)
"""The time after an erasure in which requests of the erased user may still be running."""
AT_ONCE = 100  # the most users that one run removes


class AccountDeletion:
    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        clock: Clock,
        contributions: Contributions,
        settings: UsersSettings,
        reauthentication: Reauthentication,
    ) -> None:
        self._db, self._audit, self._clock = db, audit, clock
        self._contributions, self._settings = contributions, settings
        self._reauthentication = reauthentication

    async def request(self, leaver: Principal, password: str | None) -> datetime:
        """Close the caller's account; return the time of its erasure. Raises LastAdmin."""
        await self._reauthentication.confirm(leaver, password)
        deletes_at = self._clock() + self._settings.deletion_grace
        async with self._db.transaction() as tx:
            if await is_last_admin(tx, leaver.id):
                raise LastAdmin
            await tx.record("users.request_deletion", ("users", leaver.id))
            if self._settings.deletion_grace:
                await update_row(self._db, leaver.id, {"deletes_at": deletes_at})
                await self.close(tx, leaver.id)
            else:
                await self.remove(tx, leaver.id)
        return deletes_at

    async def close(self, tx: Transaction, user_id: UUID) -> None:
        """End every session, API key and sign-in, in the caller's transaction."""
        tx.invalidate("users", "principals")
        for closed in self._contributions.of(AccountClosed):
            await closed.run(user_id)

    async def remove(self, tx: Transaction, user_id: UUID) -> None:
        """Blank the row of the user, in the caller's transaction.

        The relay erases the data of the modules afterwards, in short transactions.
        """
        for data in self._contributions.of(PersonalData):
            if data.forget:
                await data.forget(user_id)
        blanked = blank(user_id, self._clock())
        await tx.session.execute(update(User).where(User.id == user_id).values(blanked))
        await self.close(tx, user_id)
        await tx.publish(UserDeleted(user_id=user_id))

    async def erase(self, user_id: UUID) -> None:
        """Erase the data of every module, then the user's row. A repetition is harmless."""
        while not await self._finished(user_id):
            for data in self._contributions.of(PersonalData):
                while await data.erase(user_id):
                    pass
        await self._audit.clear_client_ips(user_id)

    async def remove_due(self) -> None:
        """Remove users that are due. The next run repeats a failure, which delays no other user."""
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
        """Remove the row if no module has data; return whether it is gone. The row is locked."""
        async with self._db.transaction() as tx:
            if not await tx.session.scalar(LOCK, {"user_id": user_id}):
                return True
            for data in self._contributions.of(PersonalData):
                if await data.erase(user_id):
                    return False
            await tx.session.execute(delete(User).where(User.id == user_id))
            await tx.publish(UserErased(user_id=user_id))
            await tx.publish(ErasureSettled(user_id=user_id), SETTLED_AFTER)
            await tx.record("users.erase", ("users", user_id))
        return True


def blank(user_id: UUID, now: datetime) -> dict[str, object]:
    """Return the values of a blank row, whose `email_key` is no valid e-mail address."""
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


PRIVATE = ("age", "locale", "email_verified_at", "pending_email", "last_login_at")
