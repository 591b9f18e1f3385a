"""Reads on SQLite without SQLAlchemy: each is one hop to a free thread of the statement's lane.

The threads of all lanes but the reserved and the quick one have a lower priority, so that the event
loop and quick statements get the processor first.
"""

import sqlite3
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Executable
from sqlalchemy.engine import Result
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.engine.sql.cached_counts import CachedCounts
from core.engine.sql.lanes import BRIEF_S, QUICK_S, KnownStatement, Lane
from core.engine.sql.reads import SLOW, UNLIMITED, PlannedReads, Values
from core.engine.sql.sqlite.driver import Cursor, Outcome, open_connection
from core.engine.sql.sqlite.statements import Statement, StatementTimer
from core.engine.sql.sqlite.threads import ConnectionThreads
from core.kernel.threads import lower_priority

T = TypeVar("T")
ReadCall = Callable[[sqlite3.Connection, str, Any], T]

QUICK = 4
TRIAL = 2
QUICK_KIB, SELDOM_KIB = 8000, 2000
"""The page cache of a connection. A scan gains nothing from it, because it reads each page once."""


class LaneThreads:
    """The threads of each lane, and the time limits of their statements."""

    def __init__(self, path: str, statement_timeout_s: float) -> None:
        connect = partial(open_connection, path, "query_only = ON", f"cache_size = -{QUICK_KIB}")
        seldom = partial(open_connection, path, "query_only = ON", f"cache_size = -{SELDOM_KIB}")
        self._timer = StatementTimer()
        self._threads = {
            Lane.reserved: ConnectionThreads("sqlite-reserved", 1, connect),
            Lane.quick: ConnectionThreads("sqlite-reader", QUICK, connect),
            Lane.trial: ConnectionThreads("sqlite-trial", TRIAL, seldom, lower_priority),
            Lane.slow: ConnectionThreads("sqlite-scan", SLOW, seldom, lower_priority),
            Lane.unlimited: ConnectionThreads("sqlite-long", UNLIMITED, seldom, lower_priority),
        }
        brief_s = min(BRIEF_S, statement_timeout_s)
        self._limits: dict[Lane, float | None] = {
            Lane.reserved: statement_timeout_s,
            Lane.quick: brief_s,
            Lane.trial: brief_s,
            Lane.slow: statement_timeout_s,
            Lane.unlimited: None,
        }

    async def run(
        self, lane: Lane, known: KnownStatement, call: ReadCall[T], sql: str, values: Any
    ) -> T:
        """Return the result of the call in a thread of the lane. Raises Overran."""
        statement = self._timer.add(Statement(self._limits[lane], call, sql, values))
        try:
            result: T = await self._threads[lane].run(statement)
        except CancelledError:
            statement.end()
            raise
        self._timer.remove(statement)
        if lane is not Lane.quick or statement.seconds > QUICK_S:
            known.record_run(statement.seconds)
        return result

    def close(self) -> None:
        self._timer.close()
        for threads in self._threads.values():
            threads.close()


class SqliteReads(PlannedReads):
    transient = (sqlite3.OperationalError,)

    def __init__(
        self,
        engine: AsyncEngine,
        totals: CachedCounts,
        lanes: LaneThreads,
        statement_timeout_s: float,
    ) -> None:
        """Take an `engine` whose connections are a `LaneConnection` over the same `lanes`."""
        super().__init__(engine, totals, statement_timeout_s)
        self._lanes = lanes

    def _fetch(
        self, lane: Lane, known: KnownStatement, sql: str, values: list[object]
    ) -> Awaitable[list[Any]]:
        return self._lanes.run(lane, known, fetch_rows, sql, values)

    async def _ask(
        self, lane: Lane, known: KnownStatement, statement: Executable, values: Values
    ) -> Result[Any]:
        async with self._engine.connect() as connection:
            lane_connection_of(connection).use(lane, known)
            return (await connection.execute(statement, values)).freeze()()

    async def close(self) -> None:
        self._lanes.close()
        await self._engine.dispose()


class LaneConnection:
    """A DBAPI connection for statements without a plan, each in a thread of its lane."""

    def __init__(self, lanes: LaneThreads) -> None:
        self._lanes = lanes
        self.use(Lane.trial, KnownStatement())

    def use(self, lane: Lane, known: KnownStatement) -> None:
        self._lane, self._known = lane, known

    async def perform(self, sql: str, values: Any, many: bool) -> Any:
        return await self._lanes.run(self._lane, self._known, fetch_outcome, sql, values)

    def cursor(self) -> Cursor:
        return Cursor(self)

    def close(self) -> None:
        """Do nothing, because no thread is held between two statements."""

    commit = rollback = close


def lane_connection_of(connection: AsyncConnection) -> LaneConnection:
    sync = connection.sync_connection
    assert sync is not None  # noqa: S101 (it has been started)
    lane_connection = sync.connection.dbapi_connection
    assert isinstance(lane_connection, LaneConnection)  # noqa: S101 (the engine makes no other)
    return lane_connection


def fetch_rows(connection: sqlite3.Connection, sql: str, values: Any) -> list[Any]:
    return connection.execute(sql, values).fetchall()


def fetch_outcome(connection: sqlite3.Connection, sql: str, values: Any) -> Outcome:
    return Outcome.of(connection.execute(sql, values))
