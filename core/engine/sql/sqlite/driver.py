"""A SQLite driver for SQLAlchemy's asyncio: a statement with its rows is one hop to a thread."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from time import monotonic, sleep
from typing import NamedTuple, Self

from sqlalchemy import URL
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_

from core.engine.sql.compiled_statements import Parameters
from core.engine.sql.sqlite.threads import Call, T
from core.kernel.folding import fold

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
Row = tuple[object, ...]


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


def add_functions(connection: DBAPIConnection | sqlite3.Connection) -> None:
    """Add the functions that triggers and searches call."""
    connection.create_function("search_fold", 1, fold_or_null, deterministic=True)


def fold_or_null(text: str | None) -> str | None:
    return None if text is None else fold(text)


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

    rows: list[Row]
    description: object
    rowcount: int
    lastrowid: int | None

    @classmethod
    def of(cls, cursor: sqlite3.Cursor) -> Self:
        rows = cursor.fetchall() if cursor.description else []
        return cls(rows, cursor.description, cursor.rowcount, cursor.lastrowid)


class ThreadedConnection(ABC):
    """A DBAPI connection whose statements are executed in threads."""

    @abstractmethod
    async def perform(self, call: Call[T]) -> T:
        """Return the result of a call on the connection of a thread."""

    def cursor(self) -> "Cursor":
        return Cursor(self)


class Cursor:
    """A DBAPI cursor that already has all its rows."""

    arraysize = 1
    description: object = None
    rowcount = -1
    lastrowid: int | None = None
    _rows: Iterator[Row] = iter(())

    def __init__(self, connection: ThreadedConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Parameters = ()) -> None:
        self._perform(lambda connection: connection.execute(sql, values))

    def executemany(self, sql: str, rows: Sequence[Parameters]) -> None:
        self._perform(lambda connection: connection.executemany(sql, rows))

    def _perform(self, execute: Call[sqlite3.Cursor]) -> None:
        outcome = await_(
            self._connection.perform(lambda connection: Outcome.of(execute(connection)))
        )
        rows, self.description, self.rowcount, self.lastrowid = outcome
        self._rows = iter(rows)

    def fetchone(self) -> Row | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        return list(islice(self._rows, size or self.arraysize))

    def fetchall(self) -> list[Row]:
        return list(self._rows)

    def close(self) -> None:
        self._rows = iter(())

    async def _async_soft_close(self) -> None:
        pass


class Dialect(SQLiteDialect_pysqlite):
    driver = "threaded"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[AsyncAdaptedQueuePool]:
        return AsyncAdaptedQueuePool

    def on_connect(self) -> None:  # type: ignore[override]  # pysqlite always has a function
        return None
