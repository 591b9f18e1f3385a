"""The queue of deliveries: a process claims one by a lease, and only its holder finishes it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, String, bindparam, delete, exists, literal, select, union_all, update
from sqlalchemy.sql.dml import UpdateBase

from core.data.database import Database
from core.data.transaction import Transaction
from core.events.leases import LEASE
from core.events.models import Delivery, RecordedEvent, Status
from core.kernel.clock import Clock
from core.kernel.ids import uuid7

_due = (
    select(Delivery.id)
    .where(Delivery.listener == bindparam("of_listener"), Delivery.due_at <= bindparam("now"))
    .order_by(Delivery.due_at, Delivery.id)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
CLAIM = (
    update(Delivery)
    .where(Delivery.id.in_(select(_due.c.id)))
    .values(
        status=Status.running.value,
        attempts=Delivery.attempts + 1,
        lease=bindparam("new_lease"),
        due_at=bindparam("until"),
    )
    .returning(Delivery.id, Delivery.event_id, Delivery.listener, Delivery.attempts, Delivery.lease)
)
_held = (Delivery.id == bindparam("delivery"), Delivery.lease == bindparam("held"))
RENEW = update(Delivery).where(*_held).values(due_at=bindparam("until")).returning(Delivery.id)
FINISH = delete(Delivery).where(*_held).returning(Delivery.id)
GIVE_BACK = (
    update(Delivery)
    .where(*_held)
    .values(
        status=bindparam("new_status"),
        attempts=bindparam("so_far"),
        due_at=bindparam("again_at"),
        last_error=bindparam("error"),
        lease=None,
    )
    .returning(Delivery.id)
)
PAYLOAD = select(RecordedEvent.payload).where(RecordedEvent.id == bindparam("event_id"))


class LeaseLost(Exception):
    """Another process has taken the delivery over, or an admin has discarded it."""


class Claim(NamedTuple):
    """A delivery that this process may attempt, as long as it renews the lease."""

    id: UUID
    event_id: UUID
    listener: str
    attempts: int
    """The number of attempts, including this one."""
    lease: UUID

    @property
    def log_fields(self) -> Mapping[str, object]:
        """Return the fields for the log."""
        return {"delivery": str(self.id), "listener": self.listener, "attempts": self.attempts}


class Deliveries:
    def __init__(self, db: Database, clock: Clock, listeners: Collection[str]) -> None:
        self._db, self._clock, self._listeners = db, clock, listeners

    async def due(self) -> list[str]:
        """Return the listeners that have due deliveries, without a lock."""
        if not self._listeners:
            return []
        async with self._db.read() as reads:
            return list(await reads.scalars(self._due_listeners, {"now": self._clock()}))

    async def claim(self, rooms: Mapping[str, int]) -> list[Claim]:
        """Claim the oldest due deliveries of each listener, at most the number in `rooms`."""
        now, lease = self._clock(), uuid7()
        values = {"now": now, "until": now + LEASE, "new_lease": lease}
        claims: list[Claim] = []
        async with self._db.transaction() as tx:
            for listener, room in rooms.items():
                parameters = {**values, "of_listener": listener, "at_most": room}
                claims += map(Claim._make, await tx.execute(CLAIM, parameters))
        return sorted(claims, key=lambda claim: claim.event_id)

    async def payload(self, claim: Claim) -> str:
        async with self._db.read() as reads:
            rows = await reads.execute(PAYLOAD, {"event_id": claim.event_id})
        payload: str = rows.scalar_one()
        return payload

    async def renew(self, claim: Claim) -> bool:
        async with self._db.transaction() as tx:
            return await changed(tx, RENEW, claim, until=self._clock() + LEASE)

    async def finish(self, tx: Transaction, claim: Claim) -> None:
        """Delete the delivery in the caller's transaction. Raises LeaseLost."""
        if not await changed(tx, FINISH, claim):
            raise LeaseLost

    async def give_back(
        self,
        claim: Claim,
        status: Status,
        again_at: datetime | None,
        error: str | None,
        attempts: int,
    ) -> None:
        """End the lease of an unfinished delivery; `again_at` is the next attempt, if any."""
        values = {
            "new_status": status.value,
            "again_at": again_at,
            "error": error and error[:300],
            "so_far": attempts,
        }
        async with self._db.transaction() as tx:
            await changed(tx, GIVE_BACK, claim, **values)

    @cached_property
    def _due_listeners(self) -> Select[str]:
        """Return a query with one index lookup per listener, however many deliveries wait."""
        due = union_all(*(self._if_due(name) for name in self._listeners)).subquery()
        return select(due.c.listener)

    def _if_due(self, name: str) -> Select[str]:
        is_due = exists().where(Delivery.listener == name, Delivery.due_at <= bindparam("now"))
        return select(literal(name, String).label("listener")).where(is_due)


async def changed(tx: Transaction, statement: UpdateBase, claim: Claim, **values: object) -> bool:
    held = {"delivery": claim.id, "held": claim.lease, **values}
    return (await tx.execute(statement, held)).first() is not None
