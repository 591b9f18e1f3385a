"""The pool of connections for transactions.

A plan goes to the driver directly. SQLAlchemy sends no BEGIN of its own, so the session of a
transaction uses the same connection, and the same transaction, for everything else.
"""

from abc import ABC, abstractmethod
from asyncio import LifoQueue, timeout
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

from core.engine.sql.compiled_statements import CompiledStatement, Parameters, Rows
from core.engine.sql.errors import DatabaseBusy, is_outdated, translate_busy_errors
from core.kernel.errors import Unavailable
from core.kernel.fallbacks import note_fallback

ACQUIRE_TIMEOUT_S = 15
Write = tuple[CompiledStatement, Parameters]
"""A statement, and its values as the driver takes them."""
T = TypeVar("T")
CHANGED = "changed"
IF_CHANGED = text(f"EXISTS (SELECT FROM {CHANGED})")
"""The condition of a write beside a change on PostgreSQL: the change has found its row."""


class ConnectionPool(ABC):
    def __init__(self, engine: AsyncEngine, connections: int) -> None:
        self.engine, self._connections = engine, connections
        self._idle: LifoQueue[AsyncConnection | None] = unopened(connections)

    @property
    def lent(self) -> int:
        """The number of connections that transactions use."""
        return self._connections - self._idle.qsize()

    @abstractmethod
    async def perform(
        self, connection: AsyncConnection, plan: CompiledStatement, values: Parameters
    ) -> Rows:
        """Execute a statement and return its rows. Raises the errors of SQLAlchemy."""

    @abstractmethod
    async def perform_later(
        self, connection: AsyncConnection, plan: CompiledStatement, values: Parameters
    ) -> None:
        """Perform a write without rows, at the latest with the next statement or the commit."""

    @abstractmethod
    async def perform_whole(self, change: Write, beside: Sequence[Write]) -> Rows:
        """Perform a whole transaction and return the rows that `change` returns.

        The writes `beside` it are performed only if it returns a row. On PostgreSQL they are
        statements with the condition `IF_CHANGED`.
        """

    @abstractmethod
    def lost_by(self, error: Exception, connection: AsyncConnection) -> bool:
        """Return whether this error means that the connection is lost."""

    @abstractmethod
    def is_free(self, connection: AsyncConnection) -> bool:
        """Return whether the driver's connection is neither lost nor in a transaction."""

    async def connect(self) -> AsyncConnection:
        with translate_busy_errors():
            return await self.engine.connect()

    async def acquire(self) -> AsyncConnection:
        """Lend a connection until commit() or rollback(). Raises DatabaseBusy."""
        kept = await self._next_idle() if self._idle.empty() else self._idle.get_nowait()
        if kept and self._is_usable(kept):
            return kept
        try:
            if kept:
                discard(kept)
            return await self.connect()
        except BaseException:
            self._idle.put_nowait(None)
            raise

    async def commit(self, connection: AsyncConnection, session: AsyncSession | None) -> None:
        """Commit and put the connection back; if this fails, rollback() puts it back."""
        if session and session.in_transaction():
            await session.run_sync(commit_and_close)
        else:
            await self.commit_driver(connection)
        self._idle.put_nowait(connection)

    async def commit_driver(self, connection: AsyncConnection) -> None:
        try:
            await greenlet_spawn(dbapi_connection_of(connection).commit)
        except (DBAPIError, Unavailable):
            raise
        except Exception as error:
            lost = self.lost_by(error, connection)
            raise DBAPIError("COMMIT", None, error, connection_invalidated=lost) from error

    async def rollback(
        self, connection: AsyncConnection, session: AsyncSession | None, error: BaseException
    ) -> None:
        """Roll back and put the connection back, unless it is outdated or no longer usable."""
        if is_outdated(error):
            self._renew(connection)
        try:
            if not connection.invalidated:
                await greenlet_spawn(dbapi_connection_of(connection).rollback)
            if session:
                await session.close()
        except Exception as error:
            if connection.invalidated or not self.lost_by(error, connection):
                note_fallback("rollback", type(error).__name__, error)
        finally:
            if not (usable := self._is_usable(connection)):
                discard(connection)
            self._idle.put_nowait(connection if usable else None)

    async def close(self) -> None:
        for connection in taken_out(self._idle):
            await connection.close()
        await self.engine.dispose()

    def _renew(self, connection: AsyncConnection) -> None:
        """Discard this connection and the idle ones, which are outdated too."""
        if connection.sync_connection:
            connection.sync_connection.invalidate()
        for kept in taken_out(self._idle):
            discard(kept)

    async def _next_idle(self) -> AsyncConnection | None:
        try:
            async with timeout(ACQUIRE_TIMEOUT_S):
                return await self._idle.get()
        except TimeoutError:
            raise DatabaseBusy from None

    def _is_usable(self, connection: AsyncConnection) -> bool:
        if connection.invalidated or connection.get_transaction():  # left by a failed commit
            return False
        return self.is_free(connection)


def unopened(connections: int) -> LifoQueue[T | None]:
    """Return a queue with None for each connection, which is opened when it is first needed."""
    idle: LifoQueue[T | None] = LifoQueue()
    for _ in range(connections):
        idle.put_nowait(None)
    return idle


def taken_out(idle: LifoQueue[T | None]) -> list[T]:
    """Return the open connections of the queue, and replace each by None."""
    entries = [idle.get_nowait() for _ in range(idle.qsize())]
    for _ in entries:
        idle.put_nowait(None)
    return [entry for entry in entries if entry is not None]


def dbapi_connection_of(connection: AsyncConnection) -> Any:
    assert connection.sync_connection is not None  # noqa: S101 (it has been started)
    return connection.sync_connection.connection.dbapi_connection


def discard(connection: AsyncConnection) -> None:
    """Close a connection without a message to the server, which may be unreachable."""
    if sync := connection.sync_connection:
        sync.invalidate()
        sync.close()


def commit_and_close(session: Session) -> None:
    session.commit()
    session.close()
