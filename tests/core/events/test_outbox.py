"""Recording: in the transaction of the act, and kept for listeners of later releases."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from core.data.database import Database
from core.events.models import RecordedEvent
from core.events.outbox import KEPT
from core.events.payloads import decode, encode
from core.kernel.events import Listener
from core.testing import CLIENTS, at_once
from tests.core.events.processes import (
    FakeClock,
    Ordered,
    Packing,
    Process,
    effects,
    listener,
    waiting,
)

pytestmark = pytest.mark.anyio

EVENTS = select(func.count()).select_from(RecordedEvent)


async def kept(db: Database) -> int:
    async with db.read() as reads:
        count: int = await reads.scalar(EVENTS)
        return count


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """Yield the statements that the block sends to the database."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine.sync_engine, "before_cursor_execute", note)


@pytest.mark.engine
@pytest.mark.parametrize(("listeners", "most"), [(0, 1), (1, 2), (3, 2)])
async def test_recording_costs_few_statements(
    db: Database, clock: FakeClock, listeners: int, most: int
) -> None:
    packing = Packing(db)
    process = Process(db, clock, *(listener(packing, f"shop.{n}") for n in range(listeners)))
    async with db.transaction() as tx:
        with statements(db) as seen:
            await process.outbox.record(tx, Ordered(what="tea"))
    assert len(seen) <= most
    assert (await kept(db), await waiting(db)) == (1, listeners)


async def test_other_events_are_not_heard(db: Database, clock: FakeClock) -> None:
    class Returned(Ordered):
        name = "shop.returned"

    process = Process(db, clock, Listener(Returned, "shop.refund", Packing(db)))
    await process.order("tea")
    await process.tidy()
    await process.relay.deliver_all()
    assert (await effects(db), await waiting(db)) == ([], 0)


async def test_a_listener_that_comes_later_hears_what_it_missed_once(
    db: Database, other_db: Database, clock: FakeClock
) -> None:
    before = Process(db, clock)
    await before.order("tea")
    await before.order("milk", delay=timedelta(hours=1))
    after, as_well = (Process(each, clock, listener(Packing(each))) for each in (db, other_db))
    both = (after, as_well)
    await at_once(*(each.tidy() for each in both * (CLIENTS // 2)))
    await at_once(*(each.relay.deliver_all() for each in both))
    assert await effects(db) == ["tea"]
    await after.tidy()
    clock.wait(hours=1)
    await after.relay.deliver_all()
    assert await effects(db) == ["tea", "milk"]


async def test_what_an_older_release_still_records_is_heard_too(
    db: Database, other_db: Database, clock: FakeClock
) -> None:
    """Both releases run at the same time during a rollout."""
    new, old = Process(db, clock, listener(Packing(db))), Process(other_db, clock)
    await new.tidy()
    await new.order("tea")
    await old.order("milk")
    await new.relay.deliver_all()
    assert await effects(db) == ["tea"]
    await new.tidy()
    await new.relay.deliver_all()
    assert await effects(db) == ["tea", "milk"]


async def test_listeners_whose_names_resemble_each_other_are_told_apart(
    db: Database, clock: FakeClock
) -> None:
    """`_` and `%` are wildcards of LIKE."""
    await Process(db, clock, listener(Packing(db), "shop.backed")).order("tea")
    for name in ("shop.b_cked", "shop.%", "shop.back", "shop.backed.up"):
        await Process(db, clock, listener(Packing(db), name)).tidy()
    assert await waiting(db) == 5


async def test_the_relay_begins_with_what_was_missed(db: Database, clock: FakeClock) -> None:
    await Process(db, clock).order("tea")
    after = Process(db, clock, listener(Packing(db)))
    async with after.relay.running():
        await after.relay.deliver_all()
    assert await effects(db) == ["tea"]


async def test_deliveries_of_a_removed_module_wait_until_it_is_back(
    db: Database, clock: FakeClock
) -> None:
    with_it = Process(db, clock, listener(Packing(db), "removed.log"), listener(Packing(db)))
    await with_it.order("tea")
    without = Process(db, clock, listener(Packing(db)))
    for _ in range(3):
        await without.relay.deliver_all()
        clock.wait(hours=2)
    assert (await effects(db), await waiting(db)) == (["tea"], 1)
    await with_it.relay.deliver_all()
    assert (await effects(db), await waiting(db)) == (["tea", "tea"], 0)


async def test_events_are_forgotten_after_their_days_but_not_undelivered(
    db: Database, clock: FakeClock
) -> None:
    process = Process(db, clock, listener(Packing(db)))
    await process.order("delivered")
    await process.relay.deliver_all()
    await process.order("waits")
    clock.wait(days=KEPT.days - 1)
    await process.tidy()
    assert await kept(db) == 2
    clock.wait(days=2)
    await process.tidy()
    assert (await kept(db), await waiting(db)) == (1, 1)
    await process.relay.deliver_all()
    await process.tidy()
    assert (await kept(db), await effects(db)) == (0, ["delivered", "waits"])


def test_a_payload_may_hold_what_a_later_release_added() -> None:
    ordered = Ordered(what="tea")
    assert decode(Ordered, encode(ordered)) == ordered
    assert decode(Ordered, encode(ordered)[:-1] + ', "price": 3}') == ordered
