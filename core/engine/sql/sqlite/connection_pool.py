"""Writes on SQLite without SQLAlchemy: each call is one hop to the writing thread."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.engine.sql.compiled_statements import CompiledStatement
from core.engine.sql.connection_pool import ConnectionPool, Rows, dbapi_connection_of
from core.engine.sql.sqlite.driver import Outcome


class SqlitePool(ConnectionPool):
    """The pool for SQLite, which undoes only a failed statement: the transaction may go on."""

    async def perform(
        self, connection: AsyncConnection, plan: CompiledStatement, values: list[Any]
    ) -> Rows:
        with translate_sqlite_errors(plan.sql):
            done: Outcome = await dbapi_connection_of(connection).perform(plan.sql, values, False)
        return done.rows

    async def perform_later(
        self, connection: AsyncConnection, plan: CompiledStatement, values: list[Any]
    ) -> None:
        dbapi_connection_of(connection).perform_later(plan.sql, values)

    async def commit_driver(self, connection: AsyncConnection) -> None:
        with translate_sqlite_errors("COMMIT"):
            await dbapi_connection_of(connection).commit_all()

    def lost_by(self, error: Exception, connection: AsyncConnection) -> bool:
        return False

    def is_lost(self, connection: AsyncConnection) -> bool:
        return False

    def in_transaction(self, connection: AsyncConnection) -> bool:
        return bool(dbapi_connection_of(connection).in_transaction)


@contextmanager
def translate_sqlite_errors(sql: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(sql, None, error) from error
    except sqlite3.Error as error:
        raise DBAPIError(sql, None, error) from error
