"""Transactions: many at once, inside each other, cancelled, and thrown away by the database."""

from asyncio import CancelledError, Event, create_task, gather, sleep, timeout
from contextvars import copy_context
from types import NoneType
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.data.constraints import unique
from core.data.database import Database
from core.data.models import to_utc
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.errors import DatabaseBusy
from core.kernel import events
from core.kernel.clock import utc_now
from core.kernel.errors import Conflict, Stale
from core.kernel.ids import uuid7
from core.testing import CLIENTS, ROUNDS, at_once
from tests.core.data.tables import THINGS, Part, Thing

pytestmark = pytest.mark.anyio

NAMES = select(Thing.name).order_by(Thing.name)
COUNT = select(Thing.count).where(Thing.name == bindparam("wanted"))
ONE = select(Thing).where(Thing.name == bindparam("wanted")).with_for_update()
NEW = insert(THINGS).values(version=1, count=0, body="")


class Refused(Conflict):
    code = "tests.refused"
    title = "Refused."


async def add(db: Database, name: str, failing: bool = False) -> None:
    async with db.transaction() as tx:
        tx.session.add(Thing(name=name))
        await tx.session.flush()
        if failing:
            raise Refused


async def names(db: Database) -> list[str]:
    async with db.read() as reads:
        return list(await reads.scalars(NAMES))


@pytest.mark.race
async def test_increments_at_once_add_up(db: Database) -> None:
    await add(db, "counter")

    async def increment() -> None:
        async with db.transaction() as tx:
            thing = (await tx.session.scalars(ONE, {"wanted": "counter"})).one()
            await sleep(0)
            thing.count += 1

    for done in range(1, ROUNDS + 1):
        await at_once(*(increment() for _ in range(CLIENTS)))
        async with db.read() as reads:
            assert await reads.scalar(COUNT, {"wanted": "counter"}) == done * CLIENTS


async def test_who_fails_among_many_takes_back_only_its_own(db: Database) -> None:
    """They share a COMMIT on SQLite, and must not share a fate."""

    async def attempt(number: int) -> None:
        await add(db, f"{number:03}", failing=number % 3 == 0)

    outcomes = await gather(*(attempt(number) for number in range(90)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [Refused, type(None), type(None)] * 30
    assert await names(db) == [f"{number:03}" for number in range(90) if number % 3]


async def test_a_broken_constraint_leaves_the_neighbours_alone(db: Database) -> None:
    outcomes = await gather(*(add(db, f"{n % 20:02}") for n in range(40)), return_exceptions=True)
    assert sum(isinstance(each, IntegrityError) for each in outcomes) == 20
    assert len(await names(db)) == 20


async def test_an_error_outside_takes_back_what_was_joined(db: Database) -> None:
    with pytest.raises(Refused):
        async with db.transaction():
            await add(db, "inner")
            assert await names(db) == ["inner"], "a read inside sees it"
            raise Refused
    assert await names(db) == []


async def test_a_savepoint_of_the_session_takes_back_only_its_own_work(db: Database) -> None:
    async with db.transaction() as tx:
        await add(db, "before")
        with pytest.raises(Refused):
            async with tx.session.begin_nested():
                tx.session.add(Thing(name="undone"))
                raise Refused
        async with tx.session.begin_nested():
            tx.session.add(Thing(name="kept"))
        await add(db, "later")
    assert await names(db) == ["before", "kept", "later"]


async def test_a_savepoint_of_the_session_goes_with_the_transaction(db: Database) -> None:
    with pytest.raises(Refused):
        async with db.transaction() as tx:
            async with tx.session.begin_nested():
                tx.session.add(Thing(name="inner"))
            raise Refused
    assert await names(db) == []


async def test_half_a_work_is_not_committed_because_its_error_was_caught(db: Database) -> None:
    with pytest.raises(RuntimeError, match="catch it after the block"):
        async with db.transaction():
            with pytest.raises(Refused):
                await add(db, "inner", failing=True)
    assert await names(db) == []


async def test_a_task_started_in_a_transaction_may_not_join_it(db: Database) -> None:
    """On SQLite it would wait for its parent's turn, and its parent for it."""
    with pytest.raises(RuntimeError, match="start it afterwards"):
        async with db.transaction():
            await gather(add(db, "a"), add(db, "b"))
    assert await names(db) == []


async def test_a_task_that_outlives_the_transaction_has_its_own(db: Database) -> None:
    later = Event()

    async def worker() -> None:
        await later.wait()
        await add(db, "later")

    async with db.transaction():
        task = create_task(worker())
    later.set()
    await task
    assert await names(db) == ["later"]


async def test_misuse_is_named_at_once(db: Database) -> None:
    async with db.transaction() as ended:
        pass
    with pytest.raises(RuntimeError, match="The transaction has ended"):
        ended.invalidate("things")
    with pytest.raises(RuntimeError, match="The transaction has ended"):
        ended.on_commit(lambda: None)
    with pytest.raises(RuntimeError, match="The transaction has ended"):
        await ended.insert(Thing, name="late")
    async with db.transaction() as tx:
        with pytest.raises(RuntimeError, match="without an outbox"):
            await tx.publish(events.Event())


async def test_a_read_inside_sees_what_was_not_flushed_yet(db: Database) -> None:
    async with db.transaction() as tx:
        tx.session.add(Thing(name="new"))
        assert await names(db) == ["new"]
        assert await create_task(names(db)) == [], "another task is outside"


async def test_reads_refuse_to_write(db: Database) -> None:
    smuggled = NEW.values(id=uuid4(), name="smuggled", created_at=utc_now(), updated_at=utc_now())
    for _ in range(3):
        with pytest.raises(RuntimeError, match=r"use transaction\(\)"):
            async with db.read() as reads:
                await reads.execute(smuggled)
        with pytest.raises(DBAPIError, match=r"read-?only"):
            async with db.read() as reads:
                await reads.execute(text("DELETE FROM things"))
    assert await names(db) == []


async def test_who_would_overwrite_a_change_is_told(db: Database) -> None:
    await add(db, "one")
    with pytest.raises(Stale):
        async with db.transaction() as tx:
            thing = (await tx.session.scalars(ONE, {"wanted": "one"})).one()
            await tx.session.execute(update(THINGS).values(version=2, count=1))
            thing.count = 2
    async with db.read() as reads:
        assert await reads.scalar(COUNT, {"wanted": "one"}) == 0


async def test_unique_names_only_its_own_column(db: Database) -> None:
    await add(db, "taken")
    with pytest.raises(Refused):
        async with db.transaction() as tx:
            tx.session.add(Thing(name="taken"))
            with unique(Thing.name, Refused):
                await tx.session.flush()
    with pytest.raises(IntegrityError):
        async with db.transaction() as tx:
            tx.session.add(Part(thing_id=uuid4()))
            with unique(Thing.name, Refused):
                await tx.session.flush()


async def test_a_foreign_key_holds(db: Database) -> None:
    with pytest.raises(IntegrityError):
        async with db.transaction() as tx:
            tx.session.add(Part(thing_id=uuid4()))


def failing() -> None:
    raise ZeroDivisionError


@pytest.mark.fallbacks("after_commit")
async def test_what_a_callback_leaves_to_be_awaited_is_done_before_the_transaction_is_left(
    db: Database,
) -> None:
    called: list[str] = []

    async def later(name: str) -> None:
        await sleep(0.01)
        called.append(name)

    async def broken() -> None:
        await sleep(0)
        failing()

    async with db.transaction() as tx:
        tx.session.add(Thing(name="kept"))
        tx.on_commit(broken)
        tx.on_commit(lambda: later("first"))
        tx.on_commit(lambda: called.append("second"))
    assert called == ["first", "second"]


@pytest.mark.fallbacks("after_commit")
async def test_callbacks_run_and_versions_advance_after_the_commit(
    db: Database, cache_versions: CacheVersions
) -> None:
    called: list[str] = []
    before = (
        cache_versions.here(["things"]),
        cache_versions.here(["people"]),
        cache_versions.here(["x"]),
    )
    async with db.transaction() as tx:
        tx.session.add(Thing(name="flushed by the commit itself"))
        tx.invalidate("people")
        tx.on_commit(lambda: called.append("kept"))
        tx.on_commit(failing)
        tx.on_commit(lambda: called.append("after a failing one"))
        async with db.transaction() as part:
            part.on_commit(lambda: called.append("of a part"))
        assert called == [] and cache_versions.here(["things"]) == before[0]
    assert called == ["kept", "after a failing one", "of a part"]
    after = (
        cache_versions.here(["things"]),
        cache_versions.here(["people"]),
        cache_versions.here(["x"]),
    )
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True]


async def test_nothing_is_announced_after_a_rollback(
    db: Database, cache_versions: CacheVersions
) -> None:
    called: list[str] = []
    before = cache_versions.here(["things", "people"])
    with pytest.raises(Refused):
        async with db.transaction() as tx:
            tx.session.add(Thing(name="never"))
            await tx.session.flush()
            tx.invalidate("people")
            tx.on_commit(lambda: called.append("told"))
            raise Refused
    assert called == [] and cache_versions.here(["things", "people"]) == before


@pytest.mark.parametrize("moment", [0, 0.001, 0.003, 0.01, 0.05])
async def test_a_cancelled_writer_leaves_no_transaction_behind(db: Database, moment: float) -> None:
    async def write() -> None:
        async with db.transaction() as tx:
            tx.session.add(Thing(name="cancelled"))
            await tx.session.flush()
            await sleep(30)

    tasks = [create_task(write()) for _ in range(5)]
    await sleep(moment)
    for task in tasks:
        task.cancel()
    outcomes = await gather(*tasks, return_exceptions=True)
    assert {type(each) for each in outcomes} == {CancelledError}
    async with timeout(20):
        await add(db, "next")
        await nothing_is_checked_out(db)
    assert await names(db) == ["next"]


async def test_cancelled_at_any_moment_the_rest_goes_on(db: Database) -> None:
    """Cancel at many moments of many neighbours; acknowledged work is there, the rest whole."""
    acknowledged: set[str] = set()

    async def write(name: str) -> None:
        async with db.transaction() as tx:
            for half in "ab":
                moment = to_utc(utc_now())
                values = {"id": uuid7(), "created_at": moment, "updated_at": moment}
                await tx.session.execute(NEW, {"name": name + half, **values})
        acknowledged.add(name)

    async def hurried(number: int) -> None:
        task = create_task(write(f"{number:03}"))
        await sleep(number % 50 / 2000)
        task.cancel()
        await gather(task, return_exceptions=True)

    async with timeout(30):
        await gather(*(hurried(number) for number in range(300)))
        await add(db, "last")
        await nothing_is_checked_out(db)
    kept = await names(db)
    assert {f"{name}{half}" for name in acknowledged for half in "ab"} <= set(kept)
    assert all(f"{name[:3]}b" in kept for name in kept if name.endswith("a"))


async def nothing_is_checked_out(db: Database) -> None:
    """A commit that was cancelled is finished all the same, so wait for it."""
    while db._pool.lent or db._commits.running:  # noqa: ASYNC110
        await sleep(0.01)


async def test_a_commit_once_begun_is_told_though_its_caller_is_gone(db: Database) -> None:
    called: list[str] = []
    begun = Event()

    async def write() -> None:
        async with db.transaction() as tx:
            tx.session.add(Thing(name="finished"))
            await tx.session.flush()
            tx.on_commit(lambda: called.append("told"))
            begun.set()

    task = create_task(write())
    await begun.wait()
    await sleep(0)
    task.cancel()
    await gather(task, return_exceptions=True)
    async with timeout(20):
        await nothing_is_checked_out(db)
    assert (await names(db), called) in ((["finished"], ["told"]), ([], []))


async def test_what_sqlite_threw_away_is_never_acknowledged(db: Database) -> None:
    """A full disk makes SQLite roll back by itself, and with it those who were ready."""
    if db.engine.dialect.name != "sqlite":
        return
    begun, lost = Event(), Event()

    async def unlucky() -> None:
        async with db.transaction() as tx:
            tx.session.add(Thing(name="unlucky"))
            await tx.session.flush()
            begun.set()
            await lost.wait()
            tx.session.add(Thing(name="too late"))

    async def ready() -> None:
        async with db.transaction() as tx:
            tx.session.add(Thing(name="ready"))
            await tx.session.flush()
            others.append(create_task(unlucky(), context=outside))
            await sleep(0.01)

    others: list[Any] = []
    outside = copy_context()
    first = create_task(ready())
    await begun.wait()
    group = group_of(db)
    assert len(group.ready) == 1
    await group.thread.run(lambda connection: connection.execute("ROLLBACK"))
    others.append(create_task(add(db, "behind")))
    await sleep(0)
    lost.set()
    outcomes = await gather(first, *others, return_exceptions=True)
    assert [type(each) for each in outcomes] == [DatabaseBusy, DatabaseBusy, NoneType]
    assert await names(db) == ["behind"], "it came after the commit that failed"


def group_of(db: Database) -> Any:
    creator: Any = db.engine.sync_engine.pool._creator
    return next(c.cell_contents for c in creator.__closure__ if hasattr(c.cell_contents, "turn"))


async def test_who_waits_in_vain_is_told_that_the_database_is_busy(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.sql.sqlite.writer.QUEUE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(db.engine.sync_engine.pool, "_timeout", 0.05)
    enough, holding = Event(), 12

    async def hold() -> None:
        async with db.transaction() as tx:
            await tx.session.execute(text("SELECT 1"))
            await enough.wait()

    holders = [create_task(hold()) for _ in range(holding)]
    await sleep(0.2)
    with pytest.raises(DatabaseBusy) as refused:
        await add(db, "late")
    assert (refused.value.status, refused.value.headers["retry-after"]) == (503, "1")
    enough.set()
    await gather(*holders, return_exceptions=True)
    await add(db, "in time")
