"""The outbox: a transaction records its events, with a delivery for each listener."""

from asyncio import Event as Signal
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from sqlalchemy import bindparam, exists, select, update

from core.data.database import Database
from core.data.erasing import delete_all
from core.data.inserts import insert_of, new_values
from core.data.open_transaction import OpenTransaction
from core.events.models import Delivery, RecordedEvent, Status
from core.events.payloads import encode
from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.kernel.events import Event, Listener
from core.kernel.ids import uuid7

KEPT = timedelta(days=7)
BATCH = 500

RECORD, ADD_DELIVERY = insert_of(RecordedEvent), insert_of(Delivery)
PENDING = new_values(status=Status.pending.value, attempts=0, lease=None, last_error=None)
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
    """The outbox of all modules. A listener gets all events with the name of its event type."""

    def __init__(self, clock: Clock, contributions: Contributions) -> None:
        self._clock, self._contributions = clock, contributions
        self.arrived = Signal()
        """A signal that wakes the relay, e.g. when this process has recorded an event."""

    async def record(
        self, tx: OpenTransaction, event: Event, delay: timedelta | None = None
    ) -> None:
        """Record `event` in its transaction (`tx.publish`)."""
        now, listeners = self._clock(), self._listeners.get(event.name, ())
        due_at = now + delay if delay else now
        values = new_values(
            id=event.event_id,
            name=event.name,
            payload=encode(event),
            addressed_to=f",{''.join(f'{name},' for name in listeners)}",
            recorded_at=now,
            due_at=due_at,
        )
        await tx.execute_later(RECORD, values)
        deliveries = [(event.event_id, name, due_at) for name in listeners]
        await self._add_deliveries(tx, deliveries, now)

    async def tidy(self, db: Database) -> None:
        """Add deliveries for new listeners, and delete delivered events older than KEPT."""
        for event_name, listeners in self._listeners.items():
            for listener in listeners:
                while await self._catch_up(db, event_name, listener):
                    pass
        old = RecordedEvent.recorded_at < self._clock() - KEPT
        await delete_all(db, RecordedEvent, old, HAS_ARRIVED)

    @cached_property
    def _listeners(self) -> Mapping[str, Sequence[str]]:
        """Return the names of listeners by the name of their event."""
        by_event: dict[str, list[str]] = {}
        for listener in self._contributions.of(Listener):
            by_event.setdefault(listener.kind.name, []).append(listener.name)
        return by_event

    async def _add_deliveries(
        self,
        tx: OpenTransaction,
        deliveries: Sequence[tuple[UUID, str, datetime]],
        now: datetime,
    ) -> None:
        if not deliveries:
            return
        for event, name, due in deliveries:
            values = new_values(
                id=uuid7(), event_id=event, listener=name, due_at=due, created_at=now
            )
            await tx.execute_later(ADD_DELIVERY, PENDING | values)
        tx.on_commit(self.arrived.set)

    async def _catch_up(self, db: Database, event_name: str, listener: str) -> bool:
        """Add deliveries of some events that this listener missed; return False if there are none.

        `addressed_to` holds the listeners of an event. So no delivery is added twice, even by
        several processes at once, or while an older release still records events.
        """
        values = {"event_name": event_name, "listener_pattern": f"%,{literal(listener)},%"}
        async with db.read() as reads:
            if not (await reads.execute(MISSED, values)).first():
                return False
        async with db.transaction() as tx:
            missed = await tx.execute(CATCH_UP, {**values, "added": f"{listener},"})
            now = self._clock()
            deliveries = [(row.id, listener, max(row.due_at, now)) for row in sorted(missed)]
            await self._add_deliveries(tx, deliveries, now)
        return bool(deliveries)


def literal(name: str) -> str:
    """Return the name escaped for LIKE, in which `_` matches any character."""
    return name.replace("/", "//").replace("_", "/_").replace("%", "/%")
