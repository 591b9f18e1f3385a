"""Snapshots of SQLite: statements that all see the same state of the database."""

import sqlite3
from typing import Any

from core.engine.sql.errors import TooSlow
from core.engine.sql.lanes import Overran
from core.engine.sql.sqlite.driver import Cursor, execute, open_connection
from core.engine.sql.sqlite.statements import Statement, StatementTimer
from core.engine.sql.sqlite.threads import ConnectionThreads
from core.engine.sql.statement_timeout import is_limited


class SnapshotConnection:
    """A DBAPI connection for reading, whose statements see the same state until its rollback."""

    def __init__(self, path: str, statement_timeout_s: float) -> None:
        self._path, self._statement_timeout_s = path, statement_timeout_s
        self._timer = StatementTimer()
        self._connection: sqlite3.Connection | None = None
        self._thread = ConnectionThreads("sqlite-snapshot", 1, self._connect)

    async def perform(self, sql: str, values: Any, many: bool) -> Any:
        limit_s = self._statement_timeout_s if is_limited() else None
        try:
            return await self._timer.run(
                self._thread, Statement(limit_s, execute_in_snapshot, sql, values, many)
            )
        except Overran:
            raise TooSlow from None

    def cursor(self) -> Cursor:
        return Cursor(self)

    def rollback(self) -> None:
        if self._connection:  # only ends the snapshot, without a wait, so no hop is needed
            self._connection.rollback()

    commit = rollback

    def close(self) -> None:
        """Interrupt and close; SQLAlchemy also calls this when the reading task is cancelled."""
        if self._connection:
            self._connection.interrupt()
        self._timer.close()
        self._thread.close()

    def _connect(self) -> sqlite3.Connection:
        self._connection = open_connection(self._path, "query_only = ON")
        return self._connection


def execute_in_snapshot(
    connection: sqlite3.Connection, sql: str, values: object, many: bool
) -> object:
    if not connection.in_transaction:
        connection.execute("BEGIN").close()
    return execute(connection, (), sql, values, many)
