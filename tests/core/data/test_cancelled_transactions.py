"""Transactions that are cancelled by their caller, or rolled back by the database."""

from asyncio import CancelledError, Event, create_task, gather, sleep, timeout
from contextvars import copy_context
from types import NoneType
from typing import Any

import pytest
from sqlalchemy import text

from core.data.database import Database
from core.data.models import to_utc
from core.engine.sql.errors import DatabaseBusy
from core.kernel.clock import utc_now
from core.kernel.ids import uuid7
from tests.core.data.named_things import NEW, add, names
from tests.core.data.tables import Thing

pytestmark = pytest.mark.anyio


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
    """Many transactions are cancelled at random times; acknowledged work is stored."""
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
    """Wait until a commit that was cancelled has completed."""
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
    """A full disk makes SQLite roll back, together with the other transactions of the group."""
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
    monkeypatch.setattr("core.engine.sql.connection_pool.ACQUIRE_TIMEOUT_S", 0.05)
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
