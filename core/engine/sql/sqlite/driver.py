"""A SQLite driver for SQLAlchemy's asyncio: a statement with its rows is one hop to a thread."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from time import monotonic, sleep
from typing import Any, NamedTuple, Self

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_

from core.engine.sql.sqlite.functions import add_functions

LOCK_WAIT_S = 5.0
"""The longest wait for a lock that another process holds; then DatabaseBusy is raised."""
MAX_IDLE_LOG_BYTES = 16 * 1024 * 1024
"""The size to which the write-ahead log shrinks after a complete checkpoint."""
PRAGMAS = (
    f"busy_timeout = {LOCK_WAIT_S * 1000:.0f}",
    f"journal_size_limit = {MAX_IDLE_LOG_BYTES}",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # so that free pages keep no data of an erased user
    "cache_size = -16000",
    "temp_store = MEMORY",
)
OPENING_S = 5.0
SqlWrite = tuple[str, Sequence[object]]
"""A statement, and its values."""
SAVEPOINT: SqlWrite = ("SAVEPOINT mine", ())


def open_connection(path: str, *pragmas: str) -> sqlite3.Connection:
    """Return a connection that begins and commits by explicit statements only."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    add_functions(connection)
    until = monotonic() + OPENING_S
    for pragma in (*PRAGMAS, *pragmas):
        set_pragma(connection, pragma, until)
    return connection


def set_pragma(connection: sqlite3.Connection, pragma: str, until: float) -> None:
    """Set a pragma, repeatedly if the file is locked.

    SQLite does not wait for the lock if two processes create the file at once.
    """
    while True:
        try:
            return connection.execute(f"PRAGMA {pragma}").close()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > until:
                connection.close()
                raise
        sleep(0.01)


class Outcome(NamedTuple):
    """The rows of a statement, and the attributes of its cursor.

    The cursor stays in the thread, because closing it in the event loop waits for the connection.
    """

    rows: list[Any]
    description: object
    rowcount: int
    lastrowid: int | None

    @classmethod
    def of(cls, cursor: sqlite3.Cursor) -> Self:
        rows = cursor.fetchall() if cursor.description else []
        return cls(rows, cursor.description, cursor.rowcount, cursor.lastrowid)


def execute(
    connection: sqlite3.Connection,
    before: Sequence[SqlWrite],
    sql: str,
    values: Any,
    many: bool,
) -> Outcome:
    """Execute the writes `before` and the statement, in the thread."""
    write_all(connection, before)
    return Outcome.of(
        connection.executemany(sql, values) if many else connection.execute(sql, values)
    )


NO_OUTCOME = Outcome([], None, -1, None)


def write_all(connection: sqlite3.Connection, writes: Sequence[SqlWrite]) -> None:
    """Execute statements without rows, in the thread.

    Raises OperationalError outside a transaction.
    """
    if not connection.in_transaction:
        raise sqlite3.OperationalError("SQLite has rolled the transaction back")
    for sql, values in writes:
        connection.execute(sql, values).close()


def change_and_write(
    connection: sqlite3.Connection, change: SqlWrite, beside: Sequence[SqlWrite]
) -> list[Any]:
    """Execute a change in a savepoint, and the writes beside it if it returns a row."""
    write_all(connection, [SAVEPOINT])
    rows = connection.execute(*change).fetchall()
    if rows:
        write_all(connection, beside)
    return rows


class Cursor:
    """A DBAPI cursor that already has all its rows."""

    arraysize = 1

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._outcome = NO_OUTCOME
        self._rows: Iterator[Any] = iter(())

    def execute(self, sql: str, values: Any = (), many: bool = False) -> None:
        self._outcome = await_(self._connection.perform(sql, values, many))
        self._rows = iter(self._outcome.rows)

    def executemany(self, sql: str, values: Any) -> None:
        self.execute(sql, values, many=True)

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return list(islice(self._rows, size or self.arraysize))

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def close(self) -> None:
        self._rows = iter(())

    async def _async_soft_close(self) -> None:
        pass

    description = property(lambda self: self._outcome.description)
    rowcount = property(lambda self: self._outcome.rowcount)
    lastrowid = property(lambda self: self._outcome.lastrowid)


class Dialect(SQLiteDialect_pysqlite):
    driver = "threaded"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: Any) -> type[AsyncAdaptedQueuePool]:
        return AsyncAdaptedQueuePool

    def on_connect(self) -> Any:
        return None
