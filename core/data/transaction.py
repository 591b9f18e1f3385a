"""The unit of work: one transaction of one task, with what is to be done after its commit."""

from asyncio import Task, current_task
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.data.connection_pool import ConnectionPool

Callback = Callable[[], Awaitable[object] | None]


class Transaction:
    """What one task does between the opening of a transaction and its commit.

    The tasks that it starts see it, but may not join.
    """

    def __init__(self, database: object, pool: ConnectionPool, connection: AsyncConnection) -> None:
        self.database, self.pool, self.connection = database, pool, connection
        self.changed: set[str] = set()
        """The tables whose rows it changed."""
        self.invalidated: set[str] = set()
        """Further names of which other machines may remember something."""
        self.on_commit: list[Callback] = []
        self.task = current_task()
        self.failed = self.closed = False

    @cached_property
    def session(self) -> AsyncSession:
        """SQLAlchemy's session in this transaction, for all that the ORM does."""
        return AsyncSession(self.connection, expire_on_commit=False)

    @property
    def opened_session(self) -> AsyncSession | None:
        """The session, if anything has asked for it."""
        session: AsyncSession | None = self.__dict__.get("session")
        return session

    async def flush(self) -> None:
        """Write the entities that wait for it."""
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
        """Its own callbacks are forgotten with it; what it may have changed is not."""
        part = Transaction(self.database, self.pool, self.connection)
        part.session, part.changed, part.invalidated = self.session, self.changed, self.invalidated
        return part


@dataclass
class DeferredTransaction:
    """A transaction that opens with the first one this task asks for, and ends with `stack`."""

    database: object
    stack: AsyncExitStack
    task: Task[Any] | None = field(default_factory=current_task)

    def is_for(self, database: object) -> bool:
        return self.database is database and self.task is current_task()


deferred: ContextVar[DeferredTransaction | None] = ContextVar("deferred", default=None)
current: ContextVar[Transaction | None] = ContextVar("transaction", default=None)


def inside_transaction() -> bool:
    """Return whether this task sees rows that are not committed yet."""
    open_ = current.get()
    return open_ is not None and not open_.closed and open_.task is current_task()
