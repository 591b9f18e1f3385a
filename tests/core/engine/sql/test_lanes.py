"""Lanes: a slow statement waits behind other slow ones only, and ends after the timeout."""

import os
import sys
from asyncio import CancelledError, Task, create_task, gather, sleep, timeout
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from threading import enumerate as threads
from typing import Any, TypeVar

import pytest
from sqlalchemy import Executable, Select, bindparam, func, insert, literal, select, text, update

from core.data.database import Database
from core.data.engines import open_database
from core.data.transaction import Transaction
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.errors import DatabaseBusy, TooSlow
from core.engine.sql.lanes import MAX_WAITING, PROVEN_RUNS, KnownStatement, Lane, reserved
from core.engine.sql.reads import SLOW
from core.engine.sql.statement_timeout import is_limited, without_statement_timeout
from core.kernel.context import RequestContext, enter_context
from core.kernel.threads import LOW_PRIORITY
from tests.core.data.tables import THINGS, Thing
from tests.core.data.test_database import add
from tests.core.engine.sql.test_later_writes import thing

T = TypeVar("T")
ENDLESS = 500_000_000
SOME_TIME = 2_000_000
"""A count that takes longer than the timeout of these tests, on most machines."""
NAMES = select(Thing.name)


def numbers(upto: Any, salt: int = 0) -> Select[Any]:
    """A count whose time grows with `upto`; each `salt` makes it another statement."""
    n = select(literal(1).label("i")).cte(f"n{salt}", recursive=True)
    n = n.union_all(select(n.c.i + 1).where(n.c.i < upto))
    return select(func.count()).select_from(n)


UPTO = numbers(bindparam("upto", type_=literal(1).type))

GIVEN = {each.name: bindparam(f"new_{each.name}", type_=each.type) for each in THINGS.columns}
ADD = insert(THINGS).values({**GIVEN, "count": UPTO.scalar_subquery()})


@pytest.fixture
def timeout_s() -> float:
    return 30.0


@pytest.fixture
async def db(url: str, cache_versions: CacheVersions, timeout_s: float) -> AsyncIterator[Database]:
    database = open_database(url, cache_versions, timeout_s)
    yield database
    await database.close()


async def as_request(work: Awaitable[T]) -> T:
    enter_context(RequestContext("a-request"))
    return await work


def request(work: Awaitable[T]) -> Task[T]:
    """Do this as a request would: in a task of its own, within the statement timeout."""
    return create_task(as_request(work))


async def ask(db: Database, statement: Executable, **values: Any) -> Any:
    async with db.read() as reads:
        return await reads.scalar(statement, values)


async def settle_in(db: Database, statement: Executable, **values: Any) -> None:
    """Execute the statement until it is in the quick lane; a busy machine delays some runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.engine.sql.lanes.RECENT_S", 0.0)
        async with timeout(20):
            await ask(db, statement, **values)
            while db._reads._known[statement].lane is not Lane.quick:
                await ask(db, statement, **values)


@pytest.fixture
async def tasks() -> AsyncIterator[list[Task[Any]]]:
    """Tasks that go on for the whole test."""
    started: list[Task[Any]] = []
    yield started
    for task in started:
        task.cancel()
    outcomes = await gather(*started, return_exceptions=True)
    assert {type(each) for each in outcomes} <= {CancelledError, DatabaseBusy, TooSlow}


async def test_a_statement_settles_in_after_a_run_that_was_not_quick(db: Database) -> None:
    """A run of another program on the same core may be the reason."""
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
        """Else the next request would run it twice: it is ended in the trial lane first."""
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
    """Let it be known as a slow one."""
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


class TestAfterTheTimeout:
    """Each way to execute a statement."""

    @pytest.fixture
    def timeout_s(self) -> float:
        return 0.3

    async def test_a_read_without_a_plan_is_ended(self, db: Database) -> None:
        await add(db, "a")
        for _ in range(2):
            with pytest.raises(TooSlow):
                await request(ask(db, numbers(ENDLESS)))
        assert await request(ask(db, NAMES)) == "a"

    async def test_a_planned_read_is_ended(self, db: Database) -> None:
        for _ in range(3):
            await ask(db, UPTO, upto=10)
        assert db._reads._known[UPTO].plan
        for _ in range(2):
            with pytest.raises(TooSlow):
                await request(ask(db, UPTO, upto=ENDLESS))
        assert await request(ask(db, UPTO, upto=10)) == 10

    async def test_a_reserved_read_is_ended_too(self, db: Database) -> None:
        with pytest.raises(TooSlow):
            await request(ask(db, reserved(numbers(ENDLESS))))
        assert await request(ask(db, reserved(numbers(10)))) == 10

    async def test_a_read_in_a_transaction_and_the_transaction_with_it(self, db: Database) -> None:
        async def work(tx: Transaction) -> None:
            tx.session.add(Thing(name="a"))
            await tx.session.flush()
            async with db.read() as reads:
                await reads.scalar(numbers(ENDLESS))

        await self.fails_whole(db, work)

    async def test_a_write_and_the_transaction_with_it(self, db: Database) -> None:
        async def work(tx: Transaction) -> None:
            tx.session.add(Thing(name="a"))
            await tx.session.flush()
            count = numbers(ENDLESS).scalar_subquery()
            await tx.session.execute(update(THINGS).values(count=count))

        await self.fails_whole(db, work)

    async def test_a_write_that_was_left_for_the_commit(self, db: Database) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(ADD, thing("act") | {"upto": 1})
            await tx.execute_later(ADD, thing("slow") | {"upto": ENDLESS})

        await self.fails_whole(db, work)

    async def test_a_write_that_went_with_the_statement_of_another(self, db: Database) -> None:
        """As an audit row does on SQLite: the other one has its own time, and is kept."""
        slow, beside = await at_once(request(act(db, "act", ENDLESS)), request(act(db, "beside")))
        assert isinstance(slow, TooSlow) and beside is None
        assert await all_names(db) == ["beside", "beside later"]

    async def test_a_write_that_goes_with_exempt_work_is_ended_alone(self, db: Database) -> None:
        slow, beside = await at_once(request(act(db, "act", ENDLESS)), act(db, "beside"))
        assert isinstance(slow, TooSlow) and beside is None
        assert await all_names(db) == ["beside", "beside later"]

    async def test_a_write_in_the_midst_of_others(self, db: Database) -> None:
        """SQLite takes back what is not committed; all who are not kept are told."""
        names = [f"act {number}" for number in range(6)]
        slow = names[2]
        acts = (request(act(db, each, ENDLESS if each == slow else 1)) for each in names)
        outcomes = dict(zip(names, await at_once(*acts), strict=True))
        assert isinstance(outcomes.pop(slow), TooSlow)
        assert {type(each) for each in outcomes.values()} <= {type(None), DatabaseBusy}
        kept = [name for name, outcome in outcomes.items() if outcome is None]
        assert await all_names(db) == [each for it in kept for each in (it, f"{it} later")]
        await act(db, "next")

    async def test_exempt_is_a_write_that_background_work_left(self, db: Database) -> None:
        await act(db, "act", SOME_TIME)
        assert await all_names(db) == ["act", "act later"]

    async def test_exempt_is_what_no_request_waits_for(self, db: Database) -> None:
        assert await lasts(db, lambda: ask(db, numbers(ENDLESS)))

    async def test_exempt_is_what_a_request_has_exempted(self, db: Database) -> None:
        async def work() -> None:
            with without_statement_timeout():
                await ask(db, numbers(ENDLESS))

        assert await lasts(db, lambda: as_request(work()))

    async def test_what_a_request_has_exempted_stays_out_of_the_quick_lane(
        self, db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Long work, such as an export, fills the caches of its own connections alone."""
        await settle_in(db, NAMES)
        taken: list[Lane] = []
        monkeypatch.setattr(KnownStatement, "record_run", lambda *_: None)
        fetch = db._reads._fetch

        def noted(lane: Lane, *args: Any) -> Awaitable[Any]:
            taken.append(lane)
            return fetch(lane, *args)

        monkeypatch.setattr(db._reads, "_fetch", noted)

        async def work() -> None:
            await ask(db, NAMES)
            with without_statement_timeout():
                await ask(db, NAMES)

        await request(work())
        assert taken == [Lane.quick, Lane.unlimited]

    async def test_exempt_is_a_transaction_of_background_work(self, db: Database) -> None:
        async def write() -> None:
            async with db.transaction() as tx:
                await tx.session.execute(numbers(ENDLESS))

        if db.engine.dialect.name == "postgresql":  # a write in a thread is not interrupted
            assert await lasts(db, write)

    async def fails_whole(
        self, db: Database, work: Callable[[Transaction], Awaitable[None]]
    ) -> None:
        async def transaction() -> None:
            async with db.transaction() as tx:
                await work(tx)

        with pytest.raises(TooSlow):
            await request(transaction())
        assert await ask(db, NAMES) is None
        await add(db, "c")
        assert await ask(db, NAMES) == "c"


async def act(db: Database, name: str, upto: int = 1) -> None:
    """Write two rows, the second of which is left for the commit and counts up to `upto`."""
    async with db.transaction() as tx:
        await tx.execute(ADD, thing(name) | {"upto": 1})
        await tx.execute_later(ADD, thing(f"{name} later") | {"upto": upto})


async def at_once(*acts: Awaitable[None]) -> list[BaseException | None]:
    async with timeout(20):
        return await gather(*acts, return_exceptions=True)


async def all_names(db: Database) -> list[str]:
    async with db.read() as reads:
        return sorted(await reads.scalars(NAMES))


async def lasts(db: Database, work: Callable[[], Coroutine[Any, Any, Any]]) -> bool:
    """It goes on while a request is ended three times."""
    task = create_task(work())
    for salt in range(3):
        with pytest.raises(TooSlow):
            await request(ask(db, reserved(numbers(ENDLESS, salt))))
    lasted = not task.done()
    task.cancel()
    await gather(task, return_exceptions=True)
    return lasted


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


async def test_the_timeout_is_for_requests() -> None:
    async def limited() -> bool:
        return is_limited()

    assert not await create_task(limited())
    assert await request(limited())


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
