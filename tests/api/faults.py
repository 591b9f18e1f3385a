"""Intercepts each write of an act: to the folder of the files, and to either database."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from core.engine.sql.connection_pool import ConnectionPool, dbapi_connection_of
from core.engine.sql.postgres.pool import PostgresPool
from core.engine.sql.sqlite.threads import ConnectionThreads

CALLS = frozenset({"open", "write", "fsync", "link"})
Call = Callable[[int], None]
"""Receives the number of a call before the call, and may raise OSError."""

acting: ContextVar[Call | None] = ContextVar("acting", default=None)
"""The function of the current act; background work has none."""


@contextmanager
def faults(call: Call) -> Iterator[list[str]]:
    """Yield the names of the calls within the block."""
    called: list[str] = []

    def point(name: str) -> None:
        called.append(name)
        call(len(called))

    token = acting.set(lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modules.files.storage.os", System(point))
        patch.setattr(ConnectionThreads, "run", in_sqlite(point))
        with in_postgres(point):
            try:
                yield called
            finally:
                acting.reset(token)


class System:
    """The system functions that the storage calls."""

    def __init__(self, point: Callable[[str], None]) -> None:
        self._point = point

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return partial(self._call, name, real) if name in CALLS else real

    def _call(self, name: str, real: Any, *arguments: Any) -> Any:
        self._point(name)
        return real(*arguments)


def in_sqlite(point: Callable[[str], None]) -> Any:
    """Intercept the statements of the one connection that writes."""
    real = ConnectionThreads.run

    def run(threads: ConnectionThreads, call: Any, *arguments: Any) -> Any:
        if threads.name != "sqlite-writer" or not acting.get():
            return real(threads, call, *arguments)

        def watched(connection: sqlite3.Connection, *arguments: Any) -> Any:
            return call(Connection(connection, point), *arguments)

        return real(threads, watched, *arguments)

    return run


class Connection:
    """A connection of SQLite; BEGIN and ROLLBACK do not count as writes."""

    NO_WRITES = ("BEGIN", "SAVEPOINT", "ROLLBACK", "PRAGMA")

    def __init__(self, connection: sqlite3.Connection, point: Callable[[str], None]) -> None:
        self._connection, self._point = connection, point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if not sql.startswith(self.NO_WRITES):
            with saying_it_as_sqlite():
                self._point(sql)
        return self._connection.execute(sql, *values)


@contextmanager
def saying_it_as_sqlite() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise sqlite3.OperationalError("disk I/O error") from error


@contextmanager
def in_postgres(point: Callable[[str], None]) -> Iterator[None]:
    """Intercept the statements and commits of each connection; a failed connection is closed."""

    def call(driver: Any, name: str) -> None:
        if acting.get():
            try:
                point(name)
            except OSError:
                driver.terminate()

    def execute(connection: Any, _: Any, statement: str, *__: Any) -> None:
        if connection.dialect.name == "postgresql":
            call(connection.connection.driver_connection, statement)

    def commit(connection: Any) -> None:
        execute(connection, None, "COMMIT")

    listeners = (("before_cursor_execute", execute), ("commit", commit))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        with past_sqlalchemy(call):
            yield
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


@contextmanager
def past_sqlalchemy(call: Callable[[Any, str], None]) -> Iterator[None]:
    """Intercept the statements and commits that the pool sends to the driver directly."""
    real_fetch, real_commit = PostgresPool._fetch_once, ConnectionPool.commit_driver

    async def fetch(pool: PostgresPool, adapted: Any, sql: str, *values: Any) -> Any:
        call(adapted.driver_connection, sql)
        return await real_fetch(pool, adapted, sql, *values)

    async def commit(pool: ConnectionPool, connection: AsyncConnection) -> None:
        call(dbapi_connection_of(connection).driver_connection, "COMMIT")
        await real_commit(pool, connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PostgresPool, "_fetch_once", fetch)
        patch.setattr(ConnectionPool, "commit_driver", commit)
        yield
