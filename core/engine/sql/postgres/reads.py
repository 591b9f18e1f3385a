"""Reads on PostgreSQL without SQLAlchemy: a statement is prepared once and takes one round trip.

This module imports the driver, so it is imported only if the database is PostgreSQL.
"""

from asyncio import LifoQueue, gather
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import NamedTuple

from asyncpg import (
    OutdatedSchemaCacheError,
    QueryCanceledError,
)
from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.engine.sql.cached_counts import CachedCounts
from core.engine.sql.compiled_statements import Parameters, Rows, Selected, Values
from core.engine.sql.connection_pool import dbapi_connection_of, discard, taken_out, unopened
from core.engine.sql.lanes import BRIEF_S, KnownStatement, Lane, Overran, time_limits
from core.engine.sql.postgres.connection import Driver
from core.engine.sql.postgres.errors import LOST, is_ended_query, is_lost, setting_up
from core.engine.sql.postgres.settings import WITHOUT_WORKERS, set_all, timeout_of
from core.engine.sql.reads import SLOW, UNLIMITED, PlannedReads, T

CONNECTIONS = {
    Lane.reserved: 2,
    Lane.quick: 8,
    Lane.trial: 2,
    Lane.slow: SLOW,
    Lane.unlimited: UNLIMITED,
}


class LentConnection(NamedTuple):
    connection: AsyncConnection
    driver: Driver
    epoch: int


class PostgresReads(PlannedReads):
    """Reads without a BEGIN. The server ends a statement after the time limit of its lane."""

    transient = (*LOST, OutdatedSchemaCacheError)

    def __init__(
        self, engine: AsyncEngine, totals: CachedCounts, statement_timeout_s: float
    ) -> None:
        super().__init__(engine, totals, statement_timeout_s)
        self._limits_s = time_limits(statement_timeout_s)
        self._idle: dict[Lane, LifoQueue[LentConnection | None]] = {
            lane: unopened(connections) for lane, connections in CONNECTIONS.items()
        }
        self._epoch = 0
        """A number that rises when a connection is lost, because the others may be lost too."""

    async def _fetch(self, lane: Lane, known: KnownStatement, sql: str, values: Parameters) -> Rows:
        return await self._lend(lane, known, self._fetch_over, sql, values)

    async def _fetch_over(
        self, lent: LentConnection, _: Lane, sql: str, values: Parameters
    ) -> Rows:
        return await lent.driver.fetch(sql, *values)

    async def _ask(
        self, lane: Lane, known: KnownStatement, statement: Executable, values: Values
    ) -> Selected:
        return await self._lend(lane, known, self._ask_over, statement, values)

    async def _ask_over(
        self, lent: LentConnection, _: Lane, statement: Executable, values: Values
    ) -> Selected:
        result = (await lent.connection.execute(statement, values)).freeze()()
        await lent.connection.rollback()  # ends the transaction that SQLAlchemy has begun
        return result

    async def _lend(
        self, lane: Lane, known: KnownStatement, work: Callable[..., Awaitable[T]], *args: object
    ) -> T:
        """Call `work` with a connection of the lane, the lane and the arguments."""
        idle = self._idle[lane]
        lent = await idle.get() if idle.empty() else idle.get_nowait()
        begun = monotonic()
        try:
            lent = self._usable(lent)  # first, so that a cancelled task gives no lost one back
            lent = lent or await self._open(lane)
            result = await work(lent, lane, *args)
        except QueryCanceledError:
            raise Overran from None
        except Exception as error:  # not CancelledError: asyncpg cancels the query itself
            if lent and is_ended_query(error):
                await lent.connection.rollback()
                raise Overran from None
            if is_lost(error):
                self._epoch += 1
            if lent:
                discard(lent.connection)
                lent = None
            raise
        finally:
            idle.put_nowait(lent)
        # Outside the slow lanes only the server's limit counts: this clock includes other tasks.
        known.record_run(monotonic() - begun - BRIEF_S / 2 if lane >= Lane.slow else 0.0)
        return result

    async def _open(self, lane: Lane) -> LentConnection:
        with setting_up():
            connection = await self._engine.connect()
            driver: Driver = dbapi_connection_of(connection).driver_connection
            try:
                await self._limit_session(driver, lane)
            except BaseException:
                discard(connection)
                raise
        return LentConnection(connection, driver, self._epoch)

    async def _limit_session(self, driver: Driver, lane: Lane) -> None:
        await driver.execute(set_all(self._settings_of(lane)))

    def _settings_of(self, lane: Lane) -> dict[str, str]:
        timeout = timeout_of(self._limits_s[lane])
        return timeout if lane >= Lane.slow else timeout | WITHOUT_WORKERS

    def _usable(self, lent: LentConnection | None) -> LentConnection | None:
        if lent is None:
            return None
        if lent.epoch == self._epoch and not lent.driver.is_closed():
            return lent
        discard(lent.connection)
        return None

    async def close(self) -> None:
        kept = [lent.connection for idle in self._idle.values() for lent in taken_out(idle)]
        await close_all(kept)
        await self._engine.dispose()


async def close_all(connections: Sequence[AsyncConnection]) -> None:
    """Close connections at the same time, so that a silent server is waited for once only."""
    valid = [dbapi_connection_of(it) for it in connections if not it.invalidated]
    await gather(*(adapted.driver_connection.close() for adapted in valid), return_exceptions=True)
    for connection in connections:
        await connection.close()
