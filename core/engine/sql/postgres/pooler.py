"""PostgreSQL through a pooler in transaction mode, such as PgBouncer.

Each transaction may use another connection to the server. Therefore each read is a transaction of
its own, prepared statements have no names, and session settings are set in each transaction.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

from sqlalchemy import Connection, Executable, event
from sqlalchemy.ext.asyncio import AsyncEngine

from core.engine.sql.compiled_statements import Parameters, Rows, Selected, Values
from core.engine.sql.connection_pool import discard
from core.engine.sql.lanes import Lane
from core.engine.sql.postgres.connection import Adapted, Driver
from core.engine.sql.postgres.pool import PostgresPool
from core.engine.sql.postgres.reads import LentConnection, PostgresReads
from core.engine.sql.postgres.settings import UNCOMPILED, set_local, set_local_in_one, timeout_of


class PooledReads(PostgresReads):
    async def _limit_session(self, driver: Driver, lane: Lane) -> None:
        """Set nothing, because settings are set in each transaction."""

    async def _fetch_over(
        self, lent: LentConnection, lane: Lane, sql: str, values: Parameters
    ) -> Rows:
        async with self._transaction(lent, lane):
            return await super()._fetch_over(lent, lane, sql, values)

    async def _ask_over(
        self, lent: LentConnection, lane: Lane, statement: Executable, values: Values
    ) -> Selected:
        settings = set_local_in_one(self._settings_of(lane))
        await lent.connection.exec_driver_sql(settings)  # after SQLAlchemy's BEGIN
        return await super()._ask_over(lent, lane, statement, values)

    @asynccontextmanager
    async def _transaction(self, lent: LentConnection, lane: Lane) -> AsyncIterator[None]:
        await lent.driver.execute(f"BEGIN READ ONLY; {set_local(self._settings_of(lane))}")
        try:
            yield
        except Exception:
            with suppress(Exception):  # a connection still in a transaction is discarded later
                await lent.driver.execute("ROLLBACK")
            raise
        except BaseException:
            discard(lent.connection)
            raise
        await lent.driver.execute("COMMIT")

    def _settings_of(self, lane: Lane) -> dict[str, str]:
        return super()._settings_of(lane) | UNCOMPILED

    def _usable(self, lent: LentConnection | None) -> LentConnection | None:
        if lent and not lent.driver.is_closed() and lent.driver.is_in_transaction():
            discard(lent.connection)
            return None
        return super()._usable(lent)


class PoolerPool(PostgresPool):
    commits_alone = False  # the statement timeout is set after BEGIN

    def __init__(self, engine: AsyncEngine, connections: int, statement_timeout_s: float) -> None:
        super().__init__(engine, connections)
        limit = timeout_of(statement_timeout_s) | UNCOMPILED
        self._limit, self._limit_in_one = set_local(limit), set_local_in_one(limit)
        event.listen(engine.sync_engine, "begin", self._limit_transaction)

    async def _start(self, adapted: Adapted) -> None:
        await super()._start(adapted)
        await adapted.driver_connection.execute(self._limit)

    def _limit_transaction(self, connection: Connection) -> None:
        """Set the statement timeout in a transaction that SQLAlchemy begins."""
        driver = cast(Driver, connection.connection.driver_connection)
        if not driver.is_in_transaction():
            connection.exec_driver_sql(self._limit_in_one)
