"""A transaction, while it is open: who may join it, and what is to be done after it."""

from asyncio import Task, current_task
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.data.sessions import Sessions

Callback = Callable[[], Awaitable[object] | None]


@dataclass
class OpenTransaction:
    """A session while one task uses it; the tasks it starts see it, but may not join."""

    database: object
    sessions: Sessions
    session: AsyncSession
    changed: set[str] = field(default_factory=set)
    """Tables whose rows it changed."""
    touched: set[str] = field(default_factory=set)
    """Further names that others hold something of."""
    on_commit: list[Callback] = field(default_factory=list)
    task: Task[Any] | None = field(default_factory=current_task)
    failed: bool = False
    closed: bool = False

    def join(self) -> AsyncSession:
        if self.task is not current_task():
            raise RuntimeError("This task was started inside a transaction: start it afterwards.")
        return self.session

    def must_be_whole(self) -> None:
        if self.failed:
            raise RuntimeError("A part failed, was caught, and left its work: use savepoint().")

    def savepoint(self) -> "OpenTransaction":
        """Its own callbacks are forgotten with it; what it may have touched is not."""
        return OpenTransaction(
            self.database, self.sessions, self.session, self.changed, self.touched
        )


@dataclass
class DeferredTransaction:
    """A transaction that opens with the first one this task asks for, and ends with `stack`."""

    database: object
    stack: AsyncExitStack
    task: Task[Any] | None = field(default_factory=current_task)

    def is_for(self, database: object) -> bool:
        return self.database is database and self.task is current_task()


deferred: ContextVar[DeferredTransaction | None] = ContextVar("deferred", default=None)
current: ContextVar[OpenTransaction | None] = ContextVar("transaction", default=None)


def inside_transaction() -> bool:
    """Does this task see rows that nobody else sees yet?"""
    open_ = current.get()
    return open_ is not None and not open_.closed and open_.task is current_task()
