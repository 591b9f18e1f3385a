"""The unit of work: one transaction of one task, with the callbacks that follow its commit."""

from asyncio import Task, current_task
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.engine.sql import ConnectionPool

Callback = Callable[[], Awaitable[object] | None]


class Transaction:
    """The transaction of one task. Tasks that this task starts see it, but may not join it."""

    def __init__(self, database: object, pool: ConnectionPool, connection: AsyncConnection) -> None:
        self.database, self.pool, self.connection = database, pool, connection
        self.changed: set[str] = set()
        """The tables whose rows the transaction changed."""
        self.invalidated: set[str] = set()
        """Further names of cached values to invalidate, on other machines too."""
        self.on_commit: list[Callback] = []
        self.task = current_task()
        self.failed = self.closed = False

    @cached_property
    def session(self) -> AsyncSession:
        """SQLAlchemy's session in this transaction, for operations of the ORM."""
        return AsyncSession(self.connection, expire_on_commit=False)

    @property
    def opened_session(self) -> AsyncSession | None:
        """The session, or None if it was not used."""
        session: AsyncSession | None = self.__dict__.get("session")
        return session

    async def flush(self) -> None:
        """Write the pending entities of the session."""
        session = self.opened_session
        if session and (session.new or session.dirty or session.deleted):
            await session.flush()

    def join(self) -> Self:
        if self.task is not current_task():
            raise RuntimeError("This task was started inside a transaction: start it afterwards.")
        return self

    def raise_if_failed(self) -> None:
        if self.failed:
            raise RuntimeError("A part failed, was caught, and left its work: use savepoint().")

    def savepoint(self) -> "Transaction":
        """Return a part of the transaction, with callbacks of its own.

        Its rollback drops the callbacks, but the names that it has changed stay invalidated.
        """
        part = Transaction(self.database, self.pool, self.connection)
        part.session, part.changed, part.invalidated = self.session, self.changed, self.invalidated
        return part


@dataclass
class DeferredTransaction:
    """A transaction that opens with the first `transaction()` of its task and ends with `stack`."""

    database: object
    stack: AsyncExitStack
    task: Task[Any] | None = field(default_factory=current_task)

    def is_for(self, database: object) -> bool:
        return self.database is database and self.task is current_task()


deferred: ContextVar[DeferredTransaction | None] = ContextVar("deferred", default=None)
current: ContextVar[Transaction | None] = ContextVar("transaction", default=None)


def inside_transaction() -> bool:
    """Return whether this task is in an open transaction and sees its uncommitted rows."""
    open_ = current.get()
    return open_ is not None and not open_.closed and open_.task is current_task()
