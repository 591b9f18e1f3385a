"""Transactions on SQLite: each call is one hop to the writing thread."""

import sqlite3
from asyncio import create_task
from collections.abc import Sequence
from time import monotonic

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import await_

from core.engine.sql.compiled_statements import CompiledStatement, Parameters, Rows
from core.engine.sql.connection_pool import ConnectionPool, Write, dbapi_connection_of
from core.engine.sql.errors import TooSlow
from core.engine.sql.lanes import Overran
from core.engine.sql.sqlite.driver import ThreadedConnection
from core.engine.sql.sqlite.threads import Call, T
from core.engine.sql.sqlite.writer import SAVEPOINT, GroupCommit, SqlWrite


class WriteConnection(ThreadedConnection):
    """A DBAPI connection, which has its turn from its first statement to commit or rollback."""

    def __init__(self, group: GroupCommit) -> None:
        self._group = group
        self.in_transaction = False
        self.left: list[SqlWrite] = []
        """Writes without rows, performed with the next statement or the commit."""

    async def perform(self, call: Call[T]) -> T:
        since, before, self.left = None, self.left, []
        if not self.in_transaction:
            waits_since = monotonic()
            await self._group.take_turn()
            self.in_transaction = True
            if self._group.ready:
                before = [SAVEPOINT, *before]
            else:
                since = waits_since
        try:
            return await self._group.run(since, before, call)
        except Overran:  # SQLite has rolled back the transaction, and the group with it
            raise TooSlow from None

    async def commit_all(self) -> None:
        """Commit; a transaction that consists of left writes begins and commits in one hop."""
        left, self.left = self.left, []
        if self.in_transaction:
            self.in_transaction = False
            await self._group.commit(left)
        elif left:
            await self._group.perform_whole(left)

    def commit(self) -> None:
        await_(self.commit_all())

    def rollback(self) -> None:
        self.left = []
        if self.in_transaction:
            self.in_transaction = False
            await_(self._group.rollback())

    def close(self) -> None:
        """Roll back; SQLAlchemy also calls this when the writing task is cancelled."""
        self.left = []
        if self.in_transaction:
            self.in_transaction = False
            self._rolling_back = create_task(self._group.rollback())


class SqlitePool(ConnectionPool):
    """The pool for SQLite, which undoes only a failed statement: the transaction may go on."""

    def __init__(self, engine: AsyncEngine, connections: int, group: GroupCommit) -> None:
        super().__init__(engine, connections)
        self._group = group

    async def perform(
        self, connection: AsyncConnection, plan: CompiledStatement, values: Parameters
    ) -> Rows:
        writes: WriteConnection = dbapi_connection_of(connection)
        try:
            return await writes.perform(lambda driver: driver.execute(plan.sql, values).fetchall())
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, plan.sql) from error

    async def perform_later(
        self, connection: AsyncConnection, plan: CompiledStatement, values: Parameters
    ) -> None:
        writes: WriteConnection = dbapi_connection_of(connection)
        writes.left.append((plan.sql, values))

    async def perform_whole(self, change: Write, beside: Sequence[Write]) -> Rows:
        first, *others = [(plan.sql, values) for plan, values in (change, *beside)]
        try:
            return await self._group.perform_whole(others, first)
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, first[0]) from error

    async def commit_driver(self, connection: AsyncConnection) -> None:
        writes: WriteConnection = dbapi_connection_of(connection)
        try:
            await writes.commit_all()
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, "COMMIT") from error

    def lost_by(self, error: Exception, connection: AsyncConnection) -> bool:
        return False

    def is_free(self, connection: AsyncConnection) -> bool:
        writes: WriteConnection = dbapi_connection_of(connection)
        return not writes.in_transaction


def as_sqlalchemy(error: sqlite3.Error, sql: str) -> DBAPIError:
    kind = IntegrityError if isinstance(error, sqlite3.IntegrityError) else DBAPIError
    return kind(sql, None, error)
