"""Statements that take as long as a test wants, and requests that send them."""

from asyncio import CancelledError, Task, create_task, gather, timeout
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

import pytest
from sqlalchemy import Executable, Select, bindparam, func, insert, literal, select

from core.data.database import Database
from core.data.engines import open_database
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.errors import DatabaseBusy, TooSlow
from core.engine.sql.lanes import Lane
from core.kernel.context import RequestContext, enter_context
from tests.core.data.tables import THINGS, Thing

T = TypeVar("T")
ENDLESS = 500_000_000
SOME_TIME = 2_000_000
"""An upper bound for a count that exceeds the timeout of these tests on most machines."""
NAMES = select(Thing.name)


def numbers(upto: Any, salt: int = 0) -> Select[Any]:
    """Return a count whose time grows with `upto`; each `salt` makes another statement."""
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
    """Run the work as a request does: in its own task, with the statement timeout."""
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
    """Yield a list of tasks that run for the whole test."""
    started: list[Task[Any]] = []
    yield started
    for task in started:
        task.cancel()
    outcomes = await gather(*started, return_exceptions=True)
    assert {type(each) for each in outcomes} <= {CancelledError, DatabaseBusy, TooSlow}
