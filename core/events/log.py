"""The undelivered events, which admins can list, retry and discard."""

from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Enum, bindparam, case, delete, or_, select, type_coerce, update
from sqlalchemy.sql.dml import UpdateBase

from core.data.database import Database
from core.data.queries import Listing
from core.data.rows import select_rows
from core.data.transaction import Transaction
from core.events.errors import DeliveryNotFound, DeliveryRunning
from core.events.models import Delivery, RecordedEvent, Status
from core.events.outbox import Outbox
from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.kernel.events import Listener
from core.kernel.pages import PageRequest, Rows

WAITING = "waiting"
"""The status of a delivery whose listener no installed module has."""

_status = case(
    (Delivery.listener.in_(bindparam("known", expanding=True)), Delivery.status),
    (Delivery.status == Status.dead.value, Delivery.status),
    else_=WAITING,
)
_known_status = type_coerce(_status, Enum(*map(str, Status), WAITING, native_enum=False))


class DeliveryRow(NamedTuple):
    """An undelivered event."""

    id: UUID
    event: str
    listener: str
    status: str
    """A `Status`, or WAITING."""
    attempts: int
    due_at: datetime | None
    """The time of the next attempt; None for a dead delivery."""
    last_error: str | None
    created_at: datetime


DELIVERIES = select_rows(
    DeliveryRow,
    Delivery.id,
    RecordedEvent.name.label("event"),
    Delivery.listener,
    _status.label("status"),
    Delivery.attempts,
    Delivery.due_at,
    Delivery.last_error,
    Delivery.created_at,
).join(RecordedEvent)
EVENTS = Listing(
    sort=(Delivery.created_at, Delivery.id),
    filters={
        "status": _known_status,
        "event": RecordedEvent.name,
        "listener": Delivery.listener,
    },
)

_wanted = Delivery.id == bindparam("delivery")
_at_rest = or_(Delivery.status != Status.running.value, Delivery.due_at <= bindparam("now"))
FIND = select(Delivery.id).where(_wanted)
RETRY = (
    update(Delivery)
    .where(_wanted, _at_rest)
    .values(status=Status.pending.value, attempts=0, due_at=bindparam("now"), lease=None)
    .returning(Delivery.id)
)
DISCARD = delete(Delivery).where(_wanted, _at_rest).returning(Delivery.id)


class EventLog:
    def __init__(
        self, db: Database, clock: Clock, outbox: Outbox, contributions: Contributions
    ) -> None:
        self._db, self._clock, self._outbox = db, clock, outbox
        self._contributions = contributions

    async def page(self, asked: PageRequest) -> Rows[DeliveryRow]:
        return await self._db.page(EVENTS, DELIVERIES, asked, known=self._known)

    async def retry(self, delivery_id: UUID) -> None:
        """Make the delivery due now, with no attempts. The caller audits it in its transaction.

        Raises DeliveryNotFound and DeliveryRunning.
        """
        await self._change(RETRY, delivery_id)

    async def discard(self, delivery_id: UUID) -> None:
        """Delete the delivery. Raises DeliveryNotFound and DeliveryRunning."""
        await self._change(DISCARD, delivery_id)

    async def _change(self, statement: UpdateBase, delivery_id: UUID) -> None:
        values = {"delivery": delivery_id, "now": self._clock()}
        async with self._db.transaction() as tx:
            if (await tx.execute(statement, values)).first() is None:
                raise await self._refusal(tx, delivery_id)
            tx.on_commit(self._outbox.arrived.set)

    async def _refusal(
        self, tx: Transaction, delivery_id: UUID
    ) -> DeliveryNotFound | DeliveryRunning:
        existing = await tx.session.scalar(FIND, {"delivery": delivery_id})
        return DeliveryRunning() if existing else DeliveryNotFound()

    @cached_property
    def _known(self) -> tuple[str, ...]:
        return tuple(listener.name for listener in self._contributions.of(Listener))
