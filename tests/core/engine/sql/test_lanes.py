"""A slow statement waits behind other slow ones only."""

import os
import sys
from asyncio import Task, gather, sleep, timeout
from threading import enumerate as threads
from typing import Any

import pytest
from sqlalchemy import Executable, func, literal, select, text

from core.data.database import Database
from core.engine.sql.errors import DatabaseBusy
from core.engine.sql.lanes import MAX_WAITING, PROVEN_RUNS, KnownStatement, Lane, reserved
from core.engine.sql.reads import SLOW
from core.kernel.threads import LOW_PRIORITY
from tests.core.data.named_things import add
from tests.core.data.tables import Thing
from tests.core.engine.sql.slow_statements import (
    ENDLESS,
    NAMES,
    UPTO,
    T,
    ask,
    db,
    numbers,
    request,
    settle_in,
    tasks,
    timeout_s,
)

__all__ = ["db", "tasks", "timeout_s"]


async def test_a_statement_settles_in_after_a_run_that_was_not_quick(db: Database) -> None:
    """Another program on the same core may have slowed the run."""
    await ask(db, NAMES)
    db._reads._known[NAMES].record_run(0.005)
    await settle_in(db, NAMES)
    assert db._reads._known[NAMES].lane is Lane.quick


class TestBesideSlowStatements:
    async def test_a_quick_one_goes_on(self, db: Database, tasks: list[Task[Any]]) -> None:
        await add(db, "a")
        await settle_in(db, NAMES)
        tasks += [request(ask(db, numbers(ENDLESS, salt))) for salt in range(1, 9)]
        async with timeout(20):
            for _ in range(50):
                assert await ask(db, NAMES) == "a"
        assert not any(task.done() for task in tasks)

    async def test_a_new_one_is_answered(self, db: Database, tasks: list[Task[Any]]) -> None:
        tasks += [request(ask(db, numbers(ENDLESS, salt))) for salt in range(1, 9)]
        async with timeout(20):
            assert await ask(db, numbers(100)) == 100
        assert not any(task.done() for task in tasks)

    async def test_values_that_make_a_quick_one_slow(
        self, db: Database, tasks: list[Task[Any]]
    ) -> None:
        await settle_in(db, UPTO, upto=10)
        tasks += [request(ask(db, UPTO, upto=ENDLESS)) for _ in range(12)]
        async with timeout(20):
            while db._reads._known[UPTO].lane is not Lane.slow:
                assert await ask(db, numbers(100)) == 100
            assert await ask(db, numbers(100)) == 100
        assert not any(task.done() for task in tasks)

    async def test_a_slow_one_stays_one_beside_requests(self, db: Database) -> None:
        """The next request would run it twice otherwise: it is ended in the trial lane first."""
        await slowly(db, UPTO)
        assert await ask(db, UPTO, upto=300_000) == 300_000
        assert db._reads._known[UPTO].lane is Lane.slow

    async def test_what_every_request_needs_is_read_the_first_time(
        self, db: Database, tasks: list[Task[Any]]
    ) -> None:
        needed = [reserved(numbers(100 + salt, salt)) for salt in range(5)]
        tasks += [request(ask(db, numbers(ENDLESS, salt))) for salt in range(10, 18)]
        await sleep(0)
        async with timeout(20):
            for upto, statement in enumerate_from(100, needed):
                assert await request(ask(db, statement)) == upto
        assert not any(task.done() for task in tasks)

    async def test_background_work_is_a_lane_of_its_own(
        self, db: Database, tasks: list[Task[Any]]
    ) -> None:
        tasks += [request(ask(db, numbers(ENDLESS, salt))) for salt in range(1, 9)]
        async with timeout(20):
            assert await ask(db, numbers(300_000)) == 300_000
        assert not any(task.done() for task in tasks)

    async def test_a_limited_number_waits_and_all_others_are_refused(
        self, db: Database, tasks: list[Task[Any]]
    ) -> None:
        await slowly(db, UPTO)
        tasks += [request(ask(db, UPTO, upto=ENDLESS)) for _ in range(SLOW + MAX_WAITING)]
        await sleep(0.2)
        refused = await gather(
            *(request(ask(db, UPTO, upto=ENDLESS)) for _ in range(5)), return_exceptions=True
        )
        assert [type(each) for each in refused] == [DatabaseBusy] * 5
        assert not any(task.done() for task in tasks)

    async def test_who_gives_up_makes_room(self, db: Database, tasks: list[Task[Any]]) -> None:
        await slowly(db, UPTO)
        given_up = [request(ask(db, UPTO, upto=ENDLESS)) for _ in range(SLOW + MAX_WAITING)]
        await sleep(0.2)
        for task in given_up:
            task.cancel()
        await gather(*given_up, return_exceptions=True)
        async with timeout(20):
            assert await request(ask(db, UPTO, upto=300_000)) == 300_000


def enumerate_from(first: int, things: list[T]) -> list[tuple[int, T]]:
    return list(zip(range(first, first + len(things)), things, strict=True))


async def slowly(db: Database, statement: Executable) -> None:
    """Execute the statement until it is known as a slow one."""
    await request(ask(db, statement, upto=300_000))
    db._reads._known[statement].record_run(1.0)


class TestOnPostgresql:
    async def test_only_slow_ones_get_worker_processes(self, db: Database) -> None:
        if db.engine.dialect.name != "postgresql":
            return
        setting = select(func.current_setting("max_parallel_workers_per_gather"))
        own = [setting.where(literal(lane.name) == lane.name) for lane in Lane]
        for lane, statement in zip(Lane, own, strict=True):
            db._reads._remember(statement).lane = lane
        allowed = [await request(ask(db, statement)) for statement in own]
        assert [it == "0" for it in allowed] == [True, True, True, False, False]


class TestLaneOfAStatement:
    def test_a_new_one_has_to_prove_itself(self) -> None:
        known = KnownStatement()
        lanes = []
        for _ in range(PROVEN_RUNS):
            lanes.append(known.lane)
            known.record_run(0.001)
        assert lanes == [Lane.trial] * PROVEN_RUNS and known.lane is Lane.quick

    def test_one_that_was_slow_stays_out_of_the_quick_lane(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known, now = KnownStatement(), 1000.0
        monkeypatch.setattr("core.engine.sql.lanes.monotonic", lambda: now)
        lanes = []
        for seconds in (0.5, *[0.001] * 20):
            known.record_run(seconds)
            lanes.append(known.lane)
        assert lanes == [Lane.slow, *[Lane.trial] * 20]
        now += 61
        known.record_run(0.001)
        assert known.lane is Lane.quick

    def test_a_run_that_is_not_quick_leads_back_to_the_trial_lane(self) -> None:
        known = KnownStatement()
        lanes = []
        for seconds in (0.001, 0.002, 0.003, 0.001, 0.02, 0.003):
            known.record_run(seconds)
            lanes.append(known.lane)
        trial, slow = Lane.trial, Lane.slow
        assert lanes == [trial, Lane.quick, trial, trial, slow, trial]

    def test_each_overrun_leads_one_lane_down_and_never_up(self) -> None:
        known = KnownStatement()
        for _ in range(PROVEN_RUNS):
            known.record_run(0.001)
        overrun = [known.overran(lane) for lane in (Lane.quick, Lane.trial, Lane.quick)]
        assert overrun == [Lane.trial, Lane.slow, Lane.slow]

    def test_a_reserved_one_keeps_its_lane(self) -> None:
        known = KnownStatement(reserved(select(Thing.name)))
        known.record_run(10.0)
        assert known.lane is Lane.reserved

    def test_a_text_can_be_reserved(self) -> None:
        assert KnownStatement(reserved(text("SELECT 1"))).lane is Lane.reserved


@pytest.mark.skipif(sys.platform != "linux", reason="A thread's priority is Linux's.")
async def test_slow_statements_on_sqlite_give_way(db: Database) -> None:
    if db.engine.dialect.name != "sqlite":
        return
    await settle_in(db, NAMES)
    await ask(db, NAMES)
    await slowly(db, UPTO)
    await gather(*(request(ask(db, UPTO, upto=300_000)) for _ in range(SLOW)))
    here = os.getpriority(os.PRIO_PROCESS, 0)
    low = max(here, LOW_PRIORITY)
    assert priorities_of("sqlite-scan")[-SLOW:] == [low] * SLOW
    assert priorities_of("sqlite-trial")[-1] == low
    assert priorities_of("sqlite-reader")[-1] == here


def priorities_of(name: str) -> list[int]:
    ids = [each.native_id for each in threads() if each.name == name]
    return [os.getpriority(os.PRIO_PROCESS, id) for id in ids if id]
