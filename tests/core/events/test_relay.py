"""Delivery: at least once, in one process at a time, and without delays for other events."""

from asyncio import Event, gather, sleep, timeout
from datetime import timedelta
from time import perf_counter

import pytest
from sqlalchemy import insert, update

from core.data.database import Database
from core.events import background
from core.events.models import RecordedEvent, Status
from core.events.relay import AT_ONCE, ATTEMPTS, MAX_WAIT_S, backoff
from tests.core.events.processes import (
    EFFECTS,
    LONG_WAIT_S,
    FakeClock,
    Ordered,
    Packing,
    Process,
    deliveries,
    effects,
    listener,
    until,
    waiting,
)

pytestmark = pytest.mark.anyio


async def test_a_listener_is_told_once(db: Database, clock: FakeClock, transactional: bool) -> None:
    process = Process(db, clock, listener(Packing(db), transactional=transactional))
    await process.order("tea")
    assert await effects(db) == []
    await process.relay.deliver_all()
    await process.relay.deliver_all()
    assert (await effects(db), await waiting(db)) == (["tea"], 0)


async def test_each_listener_has_a_delivery_of_its_own(db: Database, clock: FakeClock) -> None:
    fails, works = Packing(db, failures=1), Packing(db)
    process = Process(db, clock, listener(fails, "shop.bill"), listener(works, "shop.pack"))
    await process.order("tea")
    await process.relay.deliver_all()
    assert (await effects(db), await waiting(db)) == (["tea"], 1)


async def test_events_come_about_in_their_order(db: Database, clock: FakeClock) -> None:
    """Only events in progress at the same time may arrive in another order."""
    told: list[str] = []

    async def tell(event: Ordered) -> None:
        told.append(event.what)

    process = Process(db, clock, listener(tell))
    whats = [f"{number:02}" for number in range(30)]
    await process.order(*whats)
    await process.relay.deliver_all()
    assert sorted(told) == whats
    assert all(abs(told.index(what) - int(what)) < AT_ONCE for what in whats)


async def test_what_an_event_leads_to_is_told_too(db: Database, clock: FakeClock) -> None:
    async def order_more(event: Ordered) -> None:
        await Packing(db)(event)
        if event.what == "tea":
            await process.order("milk")

    process = Process(db, clock, listener(order_more))
    await process.order("tea")
    await process.relay.deliver_all()
    assert await effects(db) == ["tea", "milk"]


async def test_two_processes_share_the_work_and_double_none(
    db: Database, other_db: Database, clock: FakeClock, transactional: bool
) -> None:
    processes = [
        Process(each, clock, listener(Packing(each), transactional=transactional))
        for each in (db, other_db)
    ]
    whats = [f"{number:03}" for number in range(60)]
    await processes[0].order(*whats)
    await gather(*(process.relay.deliver_all() for process in processes))
    assert sorted(await effects(db)) == whats
    assert await waiting(db) == 0


async def test_one_that_fails_leaves_nothing_behind_and_is_tried_again_later(
    db: Database, clock: FakeClock, transactional: bool
) -> None:
    packing = Packing(db, failures=2)
    process = Process(db, clock, listener(packing, transactional=transactional))
    await process.order("tea")
    await process.relay.deliver_all()
    assert await effects(db) == []
    ((status, attempts, due_at, lease, reason),) = await deliveries(db)
    assert (status, attempts, lease, reason) == (Status.failed, 1, None, "RuntimeError")
    assert timedelta(seconds=1) < due_at - clock.now <= timedelta(seconds=2)

    await process.relay.deliver_all()
    assert packing.failures == 1, "not before its time"
    clock.wait(seconds=3)
    await process.relay.deliver_all()
    clock.wait(seconds=5)
    await process.relay.deliver_all()
    assert (await effects(db), await waiting(db)) == (["tea"], 0)


async def test_it_is_given_up_in_the_end_and_nobody_waits_for_it(
    db: Database, clock: FakeClock
) -> None:
    packing = Packing(db, failures=ATTEMPTS)
    process = Process(db, clock, listener(packing))
    await process.order("tea")
    for _ in range(ATTEMPTS + 2):
        await process.relay.deliver_all()
        clock.wait(seconds=MAX_WAIT_S)
    ((status, attempts, due_at, *_),) = await deliveries(db)
    assert (status, attempts, due_at) == (Status.dead, ATTEMPTS, None)
    await process.order("milk")
    await process.relay.deliver_all()
    assert await effects(db) == ["milk"]


def test_waits_double_up_to_an_hour_and_differ() -> None:
    for attempts in range(1, 80):
        longest = min(2.0**attempts, MAX_WAIT_S)
        assert 0.75 * longest <= backoff(attempts).total_seconds() <= longest
    assert len({backoff(10) for _ in range(50)}) > 1


@pytest.mark.parametrize("payload", ['{"what": 7}', '{"no": "field"}', "no json", "[]"])
async def test_what_cannot_be_read_is_dead_at_once_and_delays_nobody(
    db: Database, clock: FakeClock, payload: str
) -> None:
    process = Process(db, clock, listener(Packing(db)))
    poisoned, _ = await process.order("poison", "tea")
    async with db.transaction() as tx:
        broken = update(RecordedEvent).where(RecordedEvent.id == poisoned)
        await tx.session.execute(broken.values(payload=payload))
    await process.relay.deliver_all()
    assert await effects(db) == ["tea"]
    ((status, attempts, *_, reason),) = await deliveries(db)
    assert (status, attempts) == (Status.dead, 1)
    assert reason.startswith("payload: ") and "poison" not in reason


async def test_a_slow_listener_delays_no_other(db: Database, clock: FakeClock) -> None:
    released = Event()

    async def slow(_: Ordered) -> None:
        await released.wait()

    packing = listener(Packing(db), "shop.pack")
    process = Process(db, clock, listener(slow, "mail.send"), packing)
    whats = [f"{number:02}" for number in range(30)]
    async with process.relay.running():
        await process.order(*whats)

        async def only_the_slow_one_waits() -> bool:
            return await waiting(db) == len(whats)

        await until(only_the_slow_one_waits)
        assert sorted(await effects(db)) == whats
        released.set()


async def test_a_limited_number_of_deliveries_runs_at_once(db: Database, clock: FakeClock) -> None:
    under_way: list[str] = []
    full, most = Event(), 0

    async def work(event: Ordered) -> None:
        nonlocal most
        under_way.append(event.what)
        most = max(most, len(under_way))
        if most == AT_ONCE:
            full.set()
        await full.wait()
        await sleep(0.01)
        under_way.remove(event.what)

    process = Process(db, clock, listener(work))
    await process.order(*map(str, range(20)))
    async with process.relay.running():

        async def all_done() -> bool:
            return await waiting(db) == 0

        await until(all_done)
    assert most == AT_ONCE


async def test_others_write_while_a_listener_talks_to_the_outside(
    db: Database, clock: FakeClock
) -> None:
    talking, released = Event(), Event()

    async def talk(event: Ordered) -> None:
        await Packing(db)(event)
        talking.set()
        await released.wait()

    process = Process(db, clock, listener(talk))
    async with process.relay.running():
        await process.order("tea")
        async with timeout(LONG_WAIT_S):
            await talking.wait()
            async with db.transaction() as tx:
                await tx.session.execute(insert(EFFECTS), {"what": "meanwhile"})
        assert await effects(db) == ["tea", "meanwhile"]
        released.set()
    assert await waiting(db) == 0


async def test_a_commit_wakes_the_relay(
    db: Database, other_db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two relays run at once, so that a busy machine delays both: one is notified, one polls."""
    monkeypatch.setattr(background, "POLL_S", 0.8)
    arrived = Event()

    async def arrive(_: Ordered) -> None:
        arrived.set()

    relaying = Process(db, clock, listener(arrive))
    elsewhere = Process(other_db, clock, listener(arrive))
    waits: dict[Process, list[float]] = {relaying: [], elsewhere: []}
    async with relaying.relay.running():
        for _ in range(3):
            for process, waited in waits.items():
                await sleep(0.1)  # until the relay is idle
                arrived.clear()
                started = perf_counter()
                await process.order("tea")
                async with timeout(LONG_WAIT_S):
                    await arrived.wait()
                waited.append(perf_counter() - started)
    assert min(waits[relaying]) < max(waits[elsewhere]) / 2


async def test_a_rolled_back_event_is_never_told(db: Database, clock: FakeClock) -> None:
    process = Process(db, clock, listener(Packing(db)))
    with pytest.raises(RuntimeError):
        async with db.transaction() as tx:
            await process.outbox.record(tx, Ordered(what="tea"))
            raise RuntimeError
    await process.relay.deliver_all()
    assert await effects(db) == []
    assert not process.outbox.arrived.is_set()


async def test_a_delayed_event_waits_for_its_time(db: Database, clock: FakeClock) -> None:
    process = Process(db, clock, listener(Packing(db)))
    await process.order("tea", delay=timedelta(minutes=5))
    clock.wait(minutes=4)
    await process.relay.deliver_all()
    assert await effects(db) == []
    clock.wait(minutes=1)
    await process.relay.deliver_all()
    assert await effects(db) == ["tea"]
