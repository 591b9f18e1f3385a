"""Schedules: once over all processes, also if a run is long, fails or was missed."""

from asyncio import Event, timeout
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.data.database import Database
from core.events import background, leases
from core.events.models import ScheduledRun
from core.kernel.events import Schedule
from core.testing import CLIENTS, ROUNDS, at_once
from tests.core.events.processes import FakeClock, Process

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
NEXT = select(ScheduledRun.next_at)
LONG_WAIT_S = 20


class Runs:
    def __init__(self, failing: bool = False) -> None:
        self.count, self.failing = 0, failing

    async def __call__(self) -> None:
        self.count += 1
        if self.failing:
            raise RuntimeError("no broom")


def scheduled(db: Database, clock: FakeClock, run: Runs, every: timedelta = HOUR) -> Process:
    return Process(db, clock, Schedule("shop.sweep", every, run))


@pytest.mark.race
async def test_it_runs_once_over_two_processes_each_time(
    db: Database, other_db: Database, clock: FakeClock
) -> None:
    runs = Runs()
    both = [scheduled(each, clock, runs) for each in (db, other_db)]
    for expected in range(ROUNDS):
        await at_once(*(process.scheduler.run_due() for process in both * (CLIENTS // 2)))
        assert runs.count == expected
        clock.wait(hours=1)


async def test_a_process_that_starts_again_keeps_the_time(db: Database, clock: FakeClock) -> None:
    runs = Runs()
    for _ in range(6):
        await scheduled(db, clock, runs).scheduler.run_due()
        clock.wait(minutes=20)
    assert runs.count == 1


async def test_missed_runs_are_made_up_for_once(db: Database, clock: FakeClock) -> None:
    runs = Runs()
    process = scheduled(db, clock, runs)
    await process.scheduler.run_due()
    clock.wait(days=2)
    await process.scheduler.run_due()
    await process.scheduler.run_due()
    assert runs.count == 1


async def test_one_that_fails_comes_again_in_its_time(db: Database, clock: FakeClock) -> None:
    failing, works = Runs(failing=True), Runs()
    process = Process(
        db, clock, Schedule("shop.fail", HOUR, failing), Schedule("shop.work", HOUR, works)
    )
    for expected in range(3):
        await process.scheduler.run_due()
        clock.wait(minutes=2)
        await process.scheduler.run_due()
        assert (failing.count, works.count) == (expected, expected)
        clock.wait(minutes=58)


async def test_a_shortened_one_comes_sooner(db: Database, clock: FakeClock) -> None:
    runs = Runs()
    await scheduled(db, clock, runs, every=timedelta(days=30)).scheduler.run_due()
    shortened = scheduled(db, clock, runs, every=HOUR)
    await shortened.scheduler.run_due()
    clock.wait(hours=1)
    await shortened.scheduler.run_due()
    assert runs.count == 1


async def test_a_long_run_is_not_joined_by_another(
    db: Database, other_db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is not repeated at its next time, in this process or in another."""
    monkeypatch.setattr(leases, "RENEW_S", 0.01)
    monkeypatch.setattr(background, "POLL_S", 0.01)
    working, released, runs = Event(), Event(), Runs()

    async def work() -> None:
        await runs()
        working.set()
        await released.wait()

    one, other = (
        Process(each, clock, Schedule("shop.sweep", HOUR, work)) for each in (db, other_db)
    )
    await one.scheduler.run_due()
    clock.wait(hours=1)
    async with one.scheduler.running(), timeout(LONG_WAIT_S):
        await working.wait()
        for _ in range(5):
            clock.wait(seconds=50)
            await renewed(db, clock)
            await other.scheduler.run_due()
        released.set()
    assert runs.count == 1


async def renewed(db: Database, clock: FakeClock) -> None:
    async with timeout(LONG_WAIT_S), db.read() as reads:
        while await reads.scalar(NEXT) < clock.now + timedelta(seconds=55):
            pass


async def test_the_next_process_takes_over_from_one_that_died(
    db: Database, other_db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop before the end has the same effect for the other processes."""
    monkeypatch.setattr(background, "GRACE_S", 0.01)
    working, runs = Event(), Runs()

    async def hang() -> None:
        working.set()
        await Event().wait()

    dying, other = (
        Process(each, clock, Schedule("shop.sweep", HOUR, run))
        for each, run in ((db, hang), (other_db, runs))
    )
    await dying.scheduler.run_due()
    clock.wait(hours=1)
    async with dying.scheduler.running(), timeout(LONG_WAIT_S):
        await working.wait()
    await other.scheduler.run_due()
    assert runs.count == 0, "nobody knows yet that it has died"
    clock.wait(seconds=61)
    await other.scheduler.run_due()
    assert runs.count == 1
