"""Leases: work that a process began and did not complete is completed by another process."""

from asyncio import CancelledError, Event, get_running_loop, timeout
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.data.database import Database
from core.events import background, leases
from core.events.deliveries import Deliveries
from core.events.models import Delivery, Status
from core.events.relay import ATTEMPTS
from tests.core.events.processes import (
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


async def test_a_process_that_comes_back_too_late_changes_nothing(
    db: Database, other_db: Database, clock: FakeClock
) -> None:
    """The process was paused, its lease expired, and another process has delivered meanwhile."""
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
        async with db.transaction() as tx:
            await tx.session.execute(update(Delivery).values(lease=claim.event_id))
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
