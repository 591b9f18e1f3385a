"""Reads on SQLite without SQLAlchemy: each is one hop to a free thread of the statement's lane.

The threads of all lanes but the reserved and the quick one have a lower priority, so that the event
loop and quick statements get the processor first.
"""

import sqlite3
from collections.abc import Awaitable
from functools import partial

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncEngine

from core.engine.sql.cached_counts import CachedCounts
from core.engine.sql.compiled_statements import Parameters, Rows, Selected, Values
from core.engine.sql.connection_pool import dbapi_connection_of
from core.engine.sql.lanes import QUICK_S, KnownStatement, Lane, time_limits
from core.engine.sql.reads import SLOW, UNLIMITED, PlannedReads
from core.engine.sql.sqlite.driver import ThreadedConnection, open_connection
from core.engine.sql.sqlite.statements import Statement, StatementTimer
from core.engine.sql.sqlite.threads import Call, ConnectionThreads, T
from core.kernel.threads import lower_priority

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
        self._limits_s = time_limits(statement_timeout_s)

    async def run(self, lane: Lane, known: KnownStatement, call: Call[T]) -> T:
        """Return the result of the call in a thread of the lane. Raises Overran."""
        statement = Statement(self._limits_s[lane], call)
        result = await self._timer.run(self._threads[lane], statement)
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
        self, lane: Lane, known: KnownStatement, sql: str, values: Parameters
    ) -> Awaitable[Rows]:
        return self._lanes.run(lane, known, lambda driver: driver.execute(sql, values).fetchall())

    async def _ask(
        self, lane: Lane, known: KnownStatement, statement: Executable, values: Values
    ) -> Selected:
        async with self._engine.connect() as connection:
            lane_connection: LaneConnection = dbapi_connection_of(connection)
            lane_connection.use(lane, known)
            return (await connection.execute(statement, values)).freeze()()

    async def close(self) -> None:
        self._lanes.close()
        await self._engine.dispose()


class LaneConnection(ThreadedConnection):
    """A DBAPI connection for statements without a plan, each in a thread of its lane."""

    def __init__(self, lanes: LaneThreads) -> None:
        self._lanes = lanes
        self.use(Lane.trial, KnownStatement())

    def use(self, lane: Lane, known: KnownStatement) -> None:
        self._lane, self._known = lane, known

    async def perform(self, call: Call[T]) -> T:
        return await self._lanes.run(self._lane, self._known, call)

    def close(self) -> None:
        """Do nothing, because no thread is held between two statements."""

    commit = rollback = close
