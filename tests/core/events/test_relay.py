"""Delivery: at least once, one process at a time, and nobody in the way of others."""

from asyncio import CancelledError, Event, gather, get_running_loop, sleep, timeout
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from core.data.database import Database
from core.events import background, leases
from core.events.deliveries import Deliveries
from core.events.models import Delivery, RecordedEvent, Status
from core.events.relay import AT_ONCE, ATTEMPTS, LONGEST_WAIT_S, backoff
from tests.core.events.processes import (
    EFFECTS,
    FakeClock,
    Ordered,
    Packing,
    Process,
    effects,
    listener,
    waiting,
)

pytestmark = pytest.mark.anyio

DELIVERY = select(
    Delivery.status, Delivery.attempts, Delivery.due_at, Delivery.lease, Delivery.last_error
)
LONG_WAIT_S = 20


@pytest.fixture(params=[False, True], ids=["apart", "transactional"])
def transactional(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def deliveries(db: Database) -> list[Any]:
    async with db.read() as reads:
        return list((await reads.execute(DELIVERY)).all())


async def until(done: Any) -> None:
    async with timeout(LONG_WAIT_S):
        while not await done():  # noqa: ASYNC110 (the database cannot tell us)
            await sleep(0.005)


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
    """Those under way at the same time may pass each other, and no others."""
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
        clock.wait(seconds=LONGEST_WAIT_S)
    ((status, attempts, due_at, *_),) = await deliveries(db)
    assert (status, attempts, due_at) == (Status.dead, ATTEMPTS, None)
    await process.order("milk")
    await process.relay.deliver_all()
    assert await effects(db) == ["milk"]


def test_waits_double_up_to_an_hour_and_differ() -> None:
    for attempts in range(1, 80):
        longest = min(2.0**attempts, LONGEST_WAIT_S)
        assert 0.75 * longest <= backoff(attempts).total_seconds() <= longest
    assert len({backoff(10) for _ in range(50)}) > 1


@pytest.mark.parametrize("payload", ['{"what": 7}', '{"no": "field"}', "no json", "[]"])
async def test_what_cannot_be_read_is_dead_at_once_and_delays_nobody(
    db: Database, clock: FakeClock, payload: str
) -> None:
    process = Process(db, clock, listener(Packing(db)))
    poisoned, _ = await process.order("poison", "tea")
    async with db.transaction() as session:
        broken = update(RecordedEvent).where(RecordedEvent.id == poisoned)
        await session.execute(broken.values(payload=payload))
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


async def test_so_many_at_once_and_no_more(db: Database, clock: FakeClock) -> None:
    under_way: list[str] = []
    most = 0

    async def work(event: Ordered) -> None:
        nonlocal most
        under_way.append(event.what)
        most = max(most, len(under_way))
        await sleep(int(event.what) % 3 / 100)
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
            async with db.transaction() as session:
                await session.execute(insert(EFFECTS), {"what": "meanwhile"})
        assert await effects(db) == ["tea", "meanwhile"]
        released.set()
    assert await waiting(db) == 0


async def test_a_commit_wakes_the_relay(
    db: Database, other_db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Side by side, so that a busy machine slows both: one is told, the other has to look."""
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
                await sleep(0.1)  # until it has nothing else to look for
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
        async with db.transaction() as session:
            await process.outbox.record(session, Ordered(what="tea"))
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


async def test_a_process_that_comes_back_too_late_changes_nothing(
    db: Database, other_db: Database, clock: FakeClock
) -> None:
    """It was stopped, its lease ran out, and another has delivered meanwhile."""
    late, quick = Process(db, clock), Process(other_db, clock, listener(Packing(other_db)))
    await quick.order("tea")
    deliveries = Deliveries(late.db, clock, ["shop.pack"])
    (claim,) = await deliveries.claim({"shop.pack": 1})
    await quick.relay.deliver_all()
    assert await effects(db) == [], "it is not taken from a living one"
    clock.wait(seconds=61)
    await quick.relay.deliver_all()
    assert await effects(db) == ["tea"]
    assert not await deliveries.renew(claim)
    await deliveries.give_back(claim, Status.failed, clock(), "too late", 1)
    assert await waiting(db) == 0


async def test_a_transactional_listener_whose_lease_is_lost_has_no_effect(
    db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = Deliveries.payload

    async def stand_still(self: Deliveries, claim: Any) -> str:
        async with db.transaction() as session:
            await session.execute(update(Delivery).values(lease=claim.event_id))
        return await payload(self, claim)

    monkeypatch.setattr(Deliveries, "payload", stand_still)
    process = Process(db, clock, listener(Packing(db), transactional=True))
    await process.order("tea")
    await process.relay.deliver_all()
    assert (await effects(db), await waiting(db)) == ([], 1)


async def test_a_long_listener_keeps_its_lease(
    db: Database, other_db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_S", 0.01)
    working, released = Event(), Event()

    async def work(event: Ordered) -> None:
        working.set()
        await released.wait()
        await Packing(db)(event)

    process, other = (Process(each, clock, listener(work)) for each in (db, other_db))
    await process.order("tea")
    async with process.relay.running():
        async with timeout(LONG_WAIT_S):
            await working.wait()
        clock.wait(seconds=50)

        async def renewed() -> bool:
            ((_, _, due_at, *_),) = await deliveries(db)
            return bool(due_at > clock.now + timedelta(seconds=50))

        await until(renewed)
        clock.wait(seconds=50)
        await other.relay.deliver_all()
        released.set()
    assert (await effects(db), await waiting(db)) == (["tea"], 0)


async def test_what_kills_its_process_every_time_is_given_up(
    db: Database, clock: FakeClock
) -> None:
    process = Process(db, clock, listener(Packing(db)))
    await process.order("tea")
    for _ in range(ATTEMPTS):
        await Deliveries(db, clock, ["shop.pack"]).claim({"shop.pack": 1})
        clock.wait(seconds=61)
    await process.relay.deliver_all()
    ((status, *_, reason),) = await deliveries(db)
    assert (status, reason) == (Status.dead, "It has never come to an end.")
    assert await effects(db) == []


async def test_a_stop_lets_listeners_finish(db: Database, clock: FakeClock) -> None:
    working, released = Event(), Event()

    async def work(event: Ordered) -> None:
        working.set()
        await released.wait()
        await Packing(db)(event)

    process = Process(db, clock, listener(work))
    async with process.relay.running():
        await process.order("tea")
        async with timeout(LONG_WAIT_S):
            await working.wait()
        get_running_loop().call_later(0.05, released.set)
    assert (await effects(db), await waiting(db)) == (["tea"], 0)


async def test_a_stop_gives_back_what_does_not_finish(
    db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, transactional: bool
) -> None:
    monkeypatch.setattr(background, "GRACE_S", 0.01)
    working = Event()

    async def hang(event: Ordered) -> None:
        await Packing(db)(event)
        working.set()
        await Event().wait()

    process = Process(db, clock, listener(hang, transactional=transactional))
    async with process.relay.running():
        await process.order("tea")
        async with timeout(LONG_WAIT_S):
            await working.wait()
    ((status, attempts, due_at, lease, reason),) = await deliveries(db)
    assert (status, attempts, lease, reason) == (Status.pending, 0, None, None)
    assert due_at == clock.now, "the next process need not wait for the lease"
    assert await effects(db) == ([] if transactional else ["tea"])


async def test_a_cancellation_inside_a_listener_is_its_failure(
    db: Database, clock: FakeClock
) -> None:
    async def cancel(_: Ordered) -> None:
        raise CancelledError

    process = Process(db, clock, listener(cancel))
    await process.order("tea")
    await process.relay.deliver_all()
    ((status, *_, reason),) = await deliveries(db)
    assert (status, reason) == (Status.failed, "CancelledError")


async def test_the_relay_outlives_a_database_that_is_away_for_a_while(
    db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "POLL_S", 0.01)
    claim, failed = Deliveries.claim, Event()

    async def away(*_: Any) -> Any:
        failed.set()
        raise ConnectionError

    process = Process(db, clock, listener(Packing(db)))
    async with process.relay.running():
        monkeypatch.setattr(Deliveries, "claim", away)
        await process.order("tea")
        async with timeout(LONG_WAIT_S):
            await failed.wait()
        monkeypatch.setattr(Deliveries, "claim", claim)

        async def packed() -> bool:
            return await effects(db) == ["tea"]

        await until(packed)
