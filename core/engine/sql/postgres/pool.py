"""Writes on PostgreSQL without SQLAlchemy; those that may wait are sent in one round trip.

This module imports the driver, so it is imported only if the database is PostgreSQL.
"""

import re
from asyncio import CancelledError
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import cast

from asyncpg import IntegrityConstraintViolationError
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.util import await_, greenlet_spawn

from core.engine.sql.compiled_statements import CompiledStatement, Parameters, Rows
from core.engine.sql.connection_pool import (
    CHANGED,
    ConnectionPool,
    Write,
    dbapi_connection_of,
    taken_out,
)
from core.engine.sql.errors import has_outdated_plan, is_repeatable, raise_busy
from core.engine.sql.postgres.connection import Adapted, Driver
from core.engine.sql.postgres.errors import LOST, setting_up
from core.engine.sql.postgres.reads import close_all
from core.engine.sql.statement_timeout import is_limited

DISCARD_PLANS = "DISCARD PLANS"
EXEMPTION = "SET LOCAL statement_timeout = 0"
"""The statement that exempts the rest of a transaction from the statement timeout."""

MAX_LEFT_WRITES = 8
PARAMETER = re.compile(r"\$(\d+)")


class PostgresPool(ConnectionPool):
    """The pool for PostgreSQL, where a failed statement ends the transaction."""

    commits_alone = True
    """Whether a single statement is executed without BEGIN and COMMIT."""

    def __init__(self, engine: AsyncEngine, connections: int) -> None:
        super().__init__(engine, connections)
        self._left: dict[Connection | None, list[Write]] = {}
        """The writes that wait, by the connection that SQLAlchemy's events pass."""
        for point in ("before_cursor_execute", "savepoint", "rollback_savepoint", "commit"):
            event.listen(engine.sync_engine, point, self._perform_before)

    async def connect(self) -> AsyncConnection:
        with setting_up():
            return await super().connect()

    async def acquire(self) -> AsyncConnection:
        """Lend a connection; outside requests, its transaction has no statement timeout."""
        connection = await super().acquire()
        if not is_limited():
            try:
                await self._fetch(dbapi_connection_of(connection), EXEMPTION, [])
            except BaseException as error:
                await self.rollback(connection, None, error)
                raise_busy(error)
                raise
        return connection

    async def perform(
        self, connection: AsyncConnection, plan: CompiledStatement, values: Parameters
    ) -> Rows:
        await self._perform_left(connection.sync_connection)
        return await self._fetch(dbapi_connection_of(connection), plan.sql, values)

    async def perform_later(
        self, connection: AsyncConnection, plan: CompiledStatement, values: Parameters
    ) -> None:
        left = self._left.setdefault(connection.sync_connection, [])
        left.append((plan, values))
        if len(left) == MAX_LEFT_WRITES:
            await self._perform_left(connection.sync_connection)

    async def perform_whole(self, change: Write, beside: Sequence[Write]) -> Rows:
        connection = await self.acquire()
        try:
            sql = beside_change(change[0], tuple(plan for plan, _ in beside))
            values = [value for _, values in (change, *beside) for value in values]
            rows = await self._fetch_last(connection, sql, values)
        except BaseException as error:
            await self.rollback(connection, None, error)
            raise
        self._idle.put_nowait(connection)
        return rows

    async def commit_driver(self, connection: AsyncConnection) -> None:
        if left := self._left.pop(connection.sync_connection, None):
            await self._fetch_last(connection, *joined(left))
        else:
            await super().commit_driver(connection)

    async def rollback(
        self, connection: AsyncConnection, session: AsyncSession | None, error: BaseException
    ) -> None:
        self._left.pop(connection.sync_connection, None)
        await super().rollback(connection, session, error)

    async def close(self) -> None:
        await close_all(taken_out(self._idle))
        await super().close()

    def _perform_before(self, connection: Connection, *_: object) -> None:
        """Perform the waiting writes before the next operation of SQLAlchemy."""
        if connection in self._left:
            await_(self._perform_left(connection))

    async def _perform_left(self, connection: Connection | None) -> None:
        if connection and (left := self._left.pop(connection, None)):
            adapted = cast(Adapted, connection.connection.dbapi_connection)
            await self._fetch(adapted, *joined(left))

    async def _fetch_last(self, connection: AsyncConnection, sql: str, values: Parameters) -> Rows:
        """Execute the last statement of a transaction, which alone needs no BEGIN and COMMIT."""
        adapted: Adapted = dbapi_connection_of(connection)
        alone = self.commits_alone and not is_open(adapted)
        rows = await self._fetch(adapted, sql, values, alone)
        if not alone or is_open(adapted):  # by a repetition
            await super().commit_driver(connection)
        return rows

    async def _fetch(
        self, adapted: Adapted, sql: str, values: Parameters, alone: bool = False
    ) -> Rows:
        """Return the rows; repeat the first statement of a transaction if it may succeed then."""
        is_first = not is_open(adapted)
        try:
            return await self._fetch_once(adapted, sql, values, alone)
        except DBAPIError as error:
            if error.connection_invalidated or not (is_first and is_repeatable(error)):
                raise
            is_outdated = has_outdated_plan(error)
        await greenlet_spawn(adapted.rollback)
        if is_outdated:  # plans of triggers, which the driver does not know, are outdated too
            await self._fetch_once(adapted, DISCARD_PLANS, [])
        return await self._fetch_once(adapted, sql, values)

    async def _fetch_once(
        self, adapted: Adapted, sql: str, values: Parameters, alone: bool = False
    ) -> Rows:
        try:
            if not (alone or is_open(adapted)):
                await self._start(adapted)
            return await adapted.driver_connection.fetch(sql, *values)
        except IntegrityConstraintViolationError as error:
            raise IntegrityError(sql, None, error) from error
        except Exception as error:
            lost = is_lost_by(error, adapted.driver_connection)
            raise DBAPIError(sql, None, error, connection_invalidated=lost) from error

    async def _start(self, adapted: Adapted) -> None:
        """Begin a transaction in a way that SQLAlchemy notices.

        Terminate the connection if BEGIN is cancelled, because the driver would make a savepoint of
        the next transaction, and would release that instead of committing.
        """
        try:
            await adapted._start_transaction()
        except CancelledError:
            adapted.driver_connection.terminate()
            raise

    def lost_by(self, error: Exception, connection: AsyncConnection) -> bool:
        return is_lost_by(error, dbapi_connection_of(connection).driver_connection)

    def is_free(self, connection: AsyncConnection) -> bool:
        driver: Driver = dbapi_connection_of(connection).driver_connection
        left = connection.sync_connection in self._left
        return not (left or driver.is_closed() or driver.is_in_transaction())


def is_open(adapted: Adapted) -> bool:
    """Return whether the driver is in a transaction; a closed one cannot be asked."""
    driver = adapted.driver_connection
    return not driver.is_closed() and driver.is_in_transaction()


def is_lost_by(error: Exception, driver: Driver) -> bool:
    """Return whether the connection is lost; terminate it if the driver may not know that."""
    if isinstance(error, LOST) or isinstance(error.__cause__, LOST):
        driver.terminate()
        return True
    return driver.is_closed()


def joined(writes: Sequence[Write]) -> tuple[str, list[object]]:
    """Return one statement that performs these writes, and its values."""
    sql = in_one(tuple([plan for plan, _ in writes]))
    return sql, [value for _, values in writes for value in values]


@lru_cache(1000)
def in_one(plans: Sequence[CompiledStatement]) -> str:
    """Return one statement that performs these writes, with their values one after another.

    Constraints are checked at its end, so a row may refer to another row of the same statement.
    """
    *first, last = numbered(plans)
    named = ", ".join(f"left_{number} AS ({part})" for number, part in enumerate(first))
    return f"WITH {named} {last}" if first else last


@lru_cache(1000)
def beside_change(change: CompiledStatement, beside: Sequence[CompiledStatement]) -> str:
    """Return one statement that performs a change and the writes beside it.

    It returns the rows of the change.
    """
    first, *others = numbered((change, *beside))
    named = ", ".join(f"beside_{number} AS ({part})" for number, part in enumerate(others))
    whole = f"WITH {CHANGED} AS ({first}), {named} SELECT * FROM {CHANGED}"  # noqa: S608
    return whole if others else first


def numbered(plans: Sequence[CompiledStatement]) -> list[str]:
    """Return the statements with the numbers of their parameters one after another."""
    before = accumulate([plan.size for plan in plans], initial=0)
    return [moved(plan.sql, by) for plan, by in zip(plans, before, strict=False)]


def moved(sql: str, by: int) -> str:
    """Return a statement with the numbers of its parameters increased by `by`."""
    return PARAMETER.sub(lambda number: f"${int(number[1]) + by}", sql)
