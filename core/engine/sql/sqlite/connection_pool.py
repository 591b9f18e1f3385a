"""Writes on SQLite without SQLAlchemy: each call is one hop to the writing thread."""

import sqlite3
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.engine.sql.compiled_statements import CompiledStatement
from core.engine.sql.connection_pool import ConnectionPool, Rows, Write, dbapi_connection_of
from core.engine.sql.sqlite.driver import Outcome, change_and_write
from core.engine.sql.sqlite.writer import GroupCommit


class SqlitePool(ConnectionPool):
    """The pool for SQLite, which undoes only a failed statement: the transaction may go on."""

    def __init__(self, engine: AsyncEngine, connections: int, group: GroupCommit) -> None:
        super().__init__(engine, connections)
        self._group = group

    async def perform(
        self, connection: AsyncConnection, plan: CompiledStatement, values: list[object]
    ) -> Rows:
        try:
            done: Outcome = await dbapi_connection_of(connection).perform(plan.sql, values, False)
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, plan.sql) from error
        return done.rows

    async def perform_later(
        self, connection: AsyncConnection, plan: CompiledStatement, values: list[object]
    ) -> None:
        dbapi_connection_of(connection).perform_later(plan.sql, values)

    async def perform_whole(self, change: Write, beside: Sequence[Write]) -> Rows:
        first, *others = [(plan.sql, values) for plan, values in (change, *beside)]
        try:
            rows: Rows = await self._group.perform_whole(change_and_write, first, others)
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, first[0]) from error
        return rows

    async def commit_driver(self, connection: AsyncConnection) -> None:
        try:
            await dbapi_connection_of(connection).commit_all()
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, "COMMIT") from error

    def lost_by(self, error: Exception, connection: AsyncConnection) -> bool:
        return False

    def is_free(self, connection: AsyncConnection) -> bool:
        return not dbapi_connection_of(connection).in_transaction


def as_sqlalchemy(error: sqlite3.Error, sql: str) -> DBAPIError:
    kind = IntegrityError if isinstance(error, sqlite3.IntegrityError) else DBAPIError
    return kind(sql, None, error)
