"""Events that a test expects to be published."""

from typing import TypeVar

from sqlalchemy import select

from core.events.models import RecordedEvent
from core.events.payloads import decode
from core.kernel.events import Event
from core.wiring.container import CoreContainer

E = TypeVar("E", bound=Event)


async def published(core: CoreContainer, *kinds: type[E]) -> list[E]:
    """Return the published events of these kinds, oldest first.

    An event is found as soon as its transaction is committed, before its listeners have finished.
    """
    kind_of = {kind.name: kind for kind in kinds}
    rows = select(RecordedEvent.name, RecordedEvent.payload).order_by(RecordedEvent.id)
    async with core.db().read() as reads:
        found = (await reads.execute(rows.where(RecordedEvent.name.in_(kind_of)))).all()
    return [decode(kind_of[row.name], row.payload) for row in found]
