"""Neither a close of the database nor a rollback waits for a statement in progress."""

from asyncio import CancelledError, Future, Task, gather, sleep, timeout
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asyncpg import Connection

from core.data.database import Database
from core.data.engines import open_database
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.postgres import connection as postgres_connection
from core.engine.sql.reads import UNLIMITED
from core.engine.sql.statement_timeout import without_statement_timeout
from tests.core.engine.sql.slow_statements import ADD, ENDLESS, UPTO, ask, request, settle_in
from tests.core.engine.sql.test_later_writes import thing

A_DAY_S = 86_400.0


@pytest.fixture
def lost_cancellations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop each request to cancel a statement on PostgreSQL."""

    async def lose(_: Connection, sent: Future[None], __: Any = None) -> None:
        if not sent.done():
            sent.set_result(None)

    monkeypatch.setattr(Connection, "_cancel", lose)
    monkeypatch.setattr(postgres_connection, "CANCEL_S", 0.2)


@pytest.fixture
async def db(url: str, cache_versions: CacheVersions) -> AsyncIterator[Database]:
    """Yield a database with a statement timeout of a day."""
    db = open_database(url, cache_versions, A_DAY_S)
    yield db
    await db.close()


async def read_slowly(db: Database) -> None:
    await ask(db, UPTO, upto=ENDLESS)


async def read_exempt(db: Database) -> None:
    with without_statement_timeout():
        await ask(db, UPTO, upto=ENDLESS)


async def write_slowly(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(ADD, thing("a") | {"upto": ENDLESS})


KINDS = [read_slowly, read_exempt, write_slowly]


async def cancelled(db: Database, work: Callable[[Database], Awaitable[None]]) -> Task[None]:
    """Return the task, which was cancelled while the database worked for it."""
    await settle_in(db, UPTO, upto=10)  # so that the driver executes it by itself
    task = request(work(db))
    await sleep(0.3)  # until the statement runs, in the slow lane where there is one
    assert not task.done()
    task.cancel()
    return task


@pytest.mark.parametrize("work", KINDS)
@pytest.mark.usefixtures("lost_cancellations")
async def test_a_statement_that_goes_on_is_not_waited_for(
    db: Database, work: Callable[[Database], Awaitable[None]]
) -> None:
    task = await cancelled(db, work)
    async with timeout(20):
        if is_interrupted(db, work):
            assert type(await outcome(task)) is CancelledError
        await db.close()
        assert type(await outcome(task)) is CancelledError


@pytest.mark.usefixtures("lost_cancellations")
async def test_the_next_one_does_not_wait_for_a_statement_that_goes_on(db: Database) -> None:
    """Each lane has few connections, and the next statements would wait for them."""
    tasks = [await cancelled(db, read_exempt) for _ in range(UNLIMITED)]
    await gather(*map(outcome, tasks))
    async with timeout(20):
        with without_statement_timeout():
            counts = [await ask(db, UPTO, upto=10) for _ in range(UNLIMITED)]
    assert counts == [10] * UNLIMITED


def is_interrupted(db: Database, work: Callable[[Database], Awaitable[None]]) -> bool:
    """Return whether a cancelled task ends before its statement: on SQLite no writer's does."""
    return db.engine.dialect.name == "postgresql" or work is not write_slowly


async def outcome(task: Task[None]) -> BaseException | None:
    return (await gather(task, return_exceptions=True))[0]
