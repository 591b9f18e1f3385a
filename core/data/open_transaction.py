"""An open transaction: its connection, its session, and the callbacks that follow its commit."""

from asyncio import current_task
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Dialect, Executable, Insert
from sqlalchemy.engine import Result
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.data.audit import AuditRecorder
from core.data.folded import unfolded_texts
from core.engine.sql import (
    NOTHING,
    CompiledStatement,
    ConnectionPool,
    Values,
    compile_statement,
    tables_changed_by,
)
from core.kernel.events import Event

Callback = Callable[[], Awaitable[object] | None]


class EventRecorder(Protocol):
    """The port to the outbox."""

    async def record(
        self, tx: "OpenTransaction", event: Event, delay: timedelta | None
    ) -> None: ...


class Recorders(NamedTuple):
    """The parts that write beside a change: its audit entry and its events."""

    audit: AuditRecorder
    outbox: EventRecorder | None = None


class OpenTransaction:
    def __init__(
        self,
        database: object,
        pool: ConnectionPool,
        connection: AsyncConnection,
        recorders: Recorders,
    ) -> None:
        self.database, self.pool, self.connection = database, pool, connection
        self.recorders = recorders
        self.opened_session: AsyncSession | None = None
        """The session, or None if it was not used."""
        self.changed: set[str] = set()
        """The tables whose rows the transaction changed."""
        self.invalidated: set[str] = set()
        """Further names of cached values to invalidate, on other machines too."""
        self.callbacks: list[Callback] = []
        self.task = current_task()
        self.failed = self.closed = False
        self.audited = False
        """Whether the transaction recorded an operation in the audit trail."""

    @property
    def session(self) -> AsyncSession:
        """SQLAlchemy's session in this transaction, for operations of the ORM."""
        if self.opened_session is None:
            self.opened_session = AsyncSession(self.connection, expire_on_commit=False)
        return self.opened_session

    def invalidate(self, *names: str) -> None:
        """Invalidate the cached values of these names in all processes after the commit.

        The tables that a transaction changes are invalidated by themselves, but on this machine
        only. The names given here are announced to other machines too.
        """
        self._must_be_open()
        self.invalidated.update(names)

    def on_commit(self, callback: Callback) -> None:
        """Call `callback` after the commit, in the event loop; its errors do not undo the commit.

        A callback that works on files returns an awaitable that does so in a thread. It is awaited
        before the block of the transaction ends.
        """
        self._must_be_open()
        self.callbacks.append(callback)

    async def execute(
        self, statement: Executable, values: Values = NOTHING
    ) -> Result[Any]:  # Any: an Executable does not say which columns it returns
        """Execute a module constant whose values are all bindparams, and return its rows.

        A statement that is built in each call belongs to `session.execute`.
        """
        if (plan := await self._plan(statement)) is None:
            return await (await self.session.connection()).execute(statement, values)
        return plan.result(await self.pool.perform(self.connection, plan, plan.bind(values)))

    async def execute_later(self, statement: Executable, values: Values = NOTHING) -> None:
        """Insert a row that no statement of this transaction reads, at the latest with the commit.

        Its error may be raised by the commit only, but still undoes the transaction. Other
        statements than an INSERT are executed at once.
        """
        plan = await self._plan(statement)
        if plan is None or not isinstance(statement, Insert):
            await self.execute(statement, values)
        else:
            await self.pool.perform_later(self.connection, plan, plan.bind(values))

    async def _plan(self, statement: Executable) -> CompiledStatement | None:
        """Flush the session, and return the plan for this transaction, or None if there is none."""
        self._must_be_open()
        if self.opened_session:
            await flush(self.opened_session)
        plan, tables = planned(statement, self.connection.dialect)
        self.changed |= tables
        return plan

    def _must_be_open(self) -> None:
        if self.closed:
            raise RuntimeError("The transaction has ended: do this inside its block.")


class PlannedStatement(NamedTuple):
    plan: CompiledStatement | None
    """None if only SQLAlchemy can execute the statement."""
    tables: set[str]
    """The tables that the statement changes."""


@lru_cache(1000)
def planned(statement: Executable, dialect: Dialect) -> PlannedStatement:
    """Return the plan of a constant statement, which is kept.

    An UPDATE that lacks folded copies is left to SQLAlchemy.
    """
    plan = None if unfolded_texts(statement) else compile_statement(statement, dialect)
    return PlannedStatement(plan, tables_changed_by(statement))


async def flush(session: AsyncSession) -> None:
    """Write the pending entities of the session, if there are any."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
