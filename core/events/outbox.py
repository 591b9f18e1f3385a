"""The outbox: an event is written down in the transaction of the work, for everyone who listens."""

from asyncio import Event as Signal
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.data.database import Database
from core.data.erasing import delete_all
from core.data.transaction import Transaction
from core.events.models import Delivery, RecordedEvent, Status
from core.events.payloads import encode
from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.kernel.events import Event, Listener
from core.kernel.ids import uuid7

KEPT = timedelta(days=7)
BATCH = 500

RECORD = insert(RecordedEvent.__table__)  # type: ignore[arg-type]
ADDRESS = insert(Delivery.__table__).values(  # type: ignore[arg-type]
    status=Status.pending.value, attempts=0, lease=None, last_error=None
)
MISSED = (
    select(RecordedEvent.id)
    .where(
        RecordedEvent.name == bindparam("event_name"),
        RecordedEvent.addressed_to.not_like(bindparam("listener_pattern"), escape="/"),
    )
    .order_by(RecordedEvent.id)
    .limit(BATCH)
)
_missed = MISSED.with_for_update(skip_locked=True).cte("missed")
CATCH_UP = (
    update(RecordedEvent)
    .where(RecordedEvent.id.in_(select(_missed.c.id)))
    .values(addressed_to=RecordedEvent.addressed_to.concat(bindparam("added")))
    .returning(RecordedEvent.id, RecordedEvent.due_at)
)
HAS_ARRIVED = ~exists().where(Delivery.event_id == RecordedEvent.id)


class Outbox:
    """A listener hears the events of its kind's name, whichever class or process made them."""

    def __init__(self, db: Database, clock: Clock, contributions: Contributions) -> None:
        self._db, self._clock, self._contributions = db, clock, contributions
        self.arrived = Signal()
        """Something was recorded in this process, or there is another reason to look."""

    async def record(self, tx: Transaction, event: Event, delay: timedelta | None = None) -> None:
        """Tell `event` to everyone who listens, once the caller's transaction is through."""
        now, listeners = self._clock(), self._listeners.get(event.name, ())
        due_at = now + delay if delay else now
        values = {
            "id": event.event_id,
            "name": event.name,
            "payload": encode(event),
            "addressed_to": f",{''.join(f'{name},' for name in listeners)}",
            "recorded_at": now,
            "due_at": due_at,
        }
        connection = await tx.session.connection()
        await connection.execute(RECORD, values)
        addressed = [(event.event_id, name, due_at) for name in listeners]
        await self._address(connection, addressed, now)

    async def tidy(self) -> None:
        """Hand kept events to listeners that came later, then forget those kept long enough."""
        for event_name, listeners in self._listeners.items():
            for listener in listeners:
                while await self._catch_up(event_name, listener):
                    pass
        old = RecordedEvent.recorded_at < self._clock() - KEPT
        await delete_all(self._db, RecordedEvent, old, HAS_ARRIVED)

    @cached_property
    def _listeners(self) -> Mapping[str, Sequence[str]]:
        """Names of listeners by the name of their event."""
        by_event: dict[str, list[str]] = {}
        for each in self._contributions.of(Listener):
            by_event.setdefault(each.kind.name, []).append(each.name)
        return by_event

    async def _address(
        self, connection: AsyncConnection, to: Sequence[tuple[Any, str, datetime]], now: datetime
    ) -> None:
        if not to:
            return
        deliveries = [
            {"id": uuid7(), "event_id": event, "listener": name, "due_at": due, "created_at": now}
            for event, name, due in to
        ]
        await connection.execute(ADDRESS, deliveries)
        self._db.on_commit(self.arrived.set)

    async def _catch_up(self, event_name: str, listener: str) -> bool:
        """Address some events that this listener has missed; False when it has missed none.

        The event says to whom it was addressed, so that doing this twice, or in several processes
        at once, or while an older release still records events, adds none a second time.
        """
        values = {"event_name": event_name, "listener_pattern": f"%,{literal(listener)},%"}
        async with self._db.read() as reads:
            if not (await reads.execute(MISSED, values)).first():
                return False
        async with self._db.transaction() as tx:
            connection = await tx.session.connection()
            missed = await connection.execute(CATCH_UP, {**values, "added": f"{listener},"})
            now = self._clock()
            to = [(event_id, listener, max(due, now)) for event_id, due in sorted(missed)]
            await self._address(connection, to, now)
        return bool(to)


def literal(name: str) -> str:
    """For LIKE, which takes `_` for any letter."""
    return name.replace("/", "//").replace("_", "/_").replace("%", "/%")
