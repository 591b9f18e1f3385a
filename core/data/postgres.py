"""Reading PostgreSQL past SQLAlchemy: a statement is prepared once, and is one round trip.

It loads the driver, so it is loaded itself only where there is a PostgreSQL.
"""

from asyncio import LifoQueue, gather
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from typing import Any, NamedTuple

from asyncpg import (
    OutdatedSchemaCacheError,
    QueryCanceledError,
)
from sqlalchemy import Executable
from sqlalchemy.engine import Result
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.data.cached_counts import CachedCounts
from core.data.connecting import WITHOUT_WORKERS, set_all
from core.data.connection_pool import dbapi_connection_of, discard, taken_out
from core.data.lanes import BRIEF_S, KnownStatement, Lane, Overran
from core.data.postgres_errors import LOST, is_ended_query, is_lost, setting_up
from core.data.reads import SLOW, UNLIMITED, PlannedReads, T, Values

CONNECTIONS = {
    Lane.reserved: 2,
    Lane.quick: 8,
    Lane.trial: 2,
    Lane.slow: SLOW,
    Lane.unlimited: UNLIMITED,
}


class LentConnection(NamedTuple):
    connection: AsyncConnection
    driver: Any
    epoch: int

    def discard(self) -> None:
        discard(self.connection)


class PostgresReads(PlannedReads):
    """Without a BEGIN. The server ends what takes longer than its lane allows."""

    passing = (*LOST, OutdatedSchemaCacheError)

    def __init__(
        self, engine: AsyncEngine, totals: CachedCounts, statement_timeout_s: float
    ) -> None:
        super().__init__(engine, totals, statement_timeout_s)
        brief_s = min(BRIEF_S, statement_timeout_s)
        self._limits_s = {
            Lane.reserved: statement_timeout_s,
            Lane.quick: brief_s,
            Lane.trial: brief_s,
            Lane.slow: statement_timeout_s,
            Lane.unlimited: 0.0,
        }
        self._idle: dict[Lane, LifoQueue[LentConnection | None]] = {
            lane: LifoQueue() for lane in Lane
        }
        for lane, size in CONNECTIONS.items():
            for _ in range(size):
                self._idle[lane].put_nowait(None)  # opened when first needed
        self._epoch = 0
        """Rises when a connection is lost: the others may be lost too."""

    async def _fetch(
        self, lane: Lane, known: KnownStatement, sql: str, values: list[Any]
    ) -> Sequence[Any]:
        return await self._lend(lane, known, self._fetch_over, sql, values)

    async def _fetch_over(
        self, lent: LentConnection, _: Lane, sql: str, values: list[Any]
    ) -> Sequence[Any]:
        rows: Sequence[Any] = await lent.driver.fetch(sql, *values)
        return rows

    async def _ask(
        self, lane: Lane, known: KnownStatement, statement: Executable, values: Values
    ) -> Result[Any]:
        return await self._lend(lane, known, self._ask_over, statement, values)

    async def _ask_over(
        self, lent: LentConnection, _: Lane, statement: Executable, values: Values
    ) -> Result[Any]:
        result = (await lent.connection.execute(statement, values)).freeze()()
        await lent.connection.rollback()  # only SQLAlchemy has begun something
        return result

    async def _lend(
        self, lane: Lane, known: KnownStatement, work: Callable[..., Awaitable[T]], *args: Any
    ) -> T:
        """Call `work` with a connection of the lane, the lane and the arguments."""
        idle = self._idle[lane]
        lent = await idle.get() if idle.empty() else idle.get_nowait()
        begun = monotonic()
        try:
            lent = self._usable(lent) or await self._open(lane)
            done = await work(lent, lane, *args)
        except QueryCanceledError:
            raise Overran from None
        except Exception as error:  # not when cancelled: asyncpg cancels the query and goes on
            if lent and is_ended_query(error):
                await lent.connection.rollback()
                raise Overran from None
            if is_lost(error):
                self._epoch += 1
            if lent:
                lent.discard()
                lent = None
            raise
        finally:
            idle.put_nowait(lent)
        # Whether it was brief has been decided by the server, whose time the event loop's is not.
        known.took(monotonic() - begun - BRIEF_S / 2 if lane >= Lane.slow else 0.0)
        return done

    async def _open(self, lane: Lane) -> LentConnection:
        with setting_up():
            connection = await self._engine.connect()
            driver = dbapi_connection_of(connection).driver_connection
            try:
                await self._limit_session(driver, lane)
            except BaseException:
                discard(connection)
                raise
        return LentConnection(connection, driver, self._epoch)

    async def _limit_session(self, driver: Any, lane: Lane) -> None:
        await driver.execute(set_all(self._settings_of(lane)))

    def _settings_of(self, lane: Lane) -> dict[str, str]:
        timeout = timeout_of(self._limits_s[lane])
        return timeout if lane >= Lane.slow else timeout | WITHOUT_WORKERS

    def _usable(self, lent: LentConnection | None) -> LentConnection | None:
        if lent is None:
            return None
        if lent.epoch == self._epoch and not lent.driver.is_closed():
            return lent
        lent.discard()
        return None

    async def close(self) -> None:
        kept = [lent for idle in self._idle.values() for lent in taken_out(idle) if lent]
        await close_all([each.connection for each in kept])
        await self._engine.dispose()


def timeout_of(seconds: float) -> dict[str, str]:
    return {"statement_timeout": str(round(seconds * 1000))}


async def close_all(connections: Iterable[AsyncConnection]) -> None:
    """Close them at once, so that servers that say nothing are waited for once."""
    kept = list(connections)
    whole = [dbapi_connection_of(each) for each in kept if not each.invalidated]
    await gather(*(each.driver_connection.close() for each in whole), return_exceptions=True)
    for each in kept:
        await each.close()
