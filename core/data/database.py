"""The transactions and the reads of services."""

from asyncio import Task, create_task, shield, wait
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from typing import Any

import structlog
from sqlalchemy import Executable, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm.exc import StaleDataError

from core.data.audit import Outcome, Target
from core.data.folded import fold_updates
from core.data.open_transaction import Callback, Recorders
from core.data.transaction import (
    DeferredTransaction,
    Transaction,
    current,
    deferred,
    inside_transaction,
)
from core.engine.sql import (
    CacheVersions,
    ConnectionPool,
    PlannedReads,
    ReadConnection,
    ReadsInTransaction,
    is_limited,
    tables_changed_by,
    translate_busy_errors,
)
from core.kernel.errors import Stale
from core.kernel.fallbacks import count_fallback

Announce = Callable[[Transaction, set[str]], Awaitable[None]]

log = structlog.get_logger(__name__)


class Database:
    """A database with at most one transaction per task, which nested calls join.

    A service asks for it in its constructor.

    ```python
    async with db.read() as reads:
        count = await reads.scalar(select(func.count()).select_from(Note))
    assert count == 0
    ```
    """

    def __init__(
        self,
        pool: ConnectionPool,
        snapshots: AsyncEngine,
        reads: PlannedReads,
        cache_versions: CacheVersions,
        recorders: Recorders,
        announce: Announce | None = None,
    ) -> None:
        self.engine = pool.engine
        self._pool, self._snapshots, self._reads = pool, snapshots, reads
        self._cache_versions = cache_versions
        self._recorders, self._announce = recorders, announce
        self._committing: set[Task[None]] = set()
        """Commits and other tasks that `close` waits for."""
        event.listen(self.engine.sync_engine, "before_execute", self._note_changes)
        event.listen(self.engine.sync_engine, "before_execute", fold_updates, retval=True)

    def read(self) -> AbstractAsyncContextManager[ReadConnection]:
        """Return a connection for reads, which sees the changes of this task's transaction."""
        own = self._outer() if inside_transaction() else None
        return nullcontext(ReadsInTransaction(own.session) if own else self._reads)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection whose statements all see the same state of the database."""
        if inside_transaction() and self._outer():
            raise RuntimeError("A snapshot would not see what this transaction did: use read().")
        with translate_busy_errors(reading=True):
            async with self._snapshots.connect() as connection, connection.begin():
                if (exemption := self._pool.exemption) is not None and not is_limited():
                    await connection.execute(exemption)
                yield connection

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction, or join the open one of this task.

        The transaction is committed at the end of its block and rolled back on an error.
        """
        if outer := self._outer():
            return self._part_of(outer)
        if awaiting := self._deferred():
            return self._first_of(awaiting)
        return self._new_transaction()

    def separate(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction of its own, for changes that stay although the request is refused.

        Raises RuntimeError inside another transaction, which could undo them.
        """
        self.must_be_outside("A transaction of its own was opened")
        return self._new_transaction()

    @asynccontextmanager
    async def deferred(self) -> AsyncIterator[None]:
        """Join all transactions of this task into one, which opens with the first of them.

        It is committed at the end of this block and rolled back on an error.
        """
        async with AsyncExitStack() as stack:
            token = deferred.set(DeferredTransaction(self, stack))
            stack.callback(deferred.reset, token)
            yield

    def must_be_outside(self, what: str) -> None:
        """Raise RuntimeError inside a transaction, because other writers would wait for it."""
        if self._outer():
            raise RuntimeError(f"{what} inside a transaction: do it before the transaction opens.")

    @asynccontextmanager
    async def _part_of(self, outer: Transaction) -> AsyncIterator[Transaction]:
        with translate_stale_errors(), translate_busy_errors():
            try:
                yield outer.join()
            except BaseException:
                outer.failed = True
                raise

    @asynccontextmanager
    async def _first_of(self, awaiting: DeferredTransaction) -> AsyncIterator[Transaction]:
        """Open the deferred transaction, which is committed at the end of its `deferred` block."""
        await awaiting.stack.enter_async_context(self._new_transaction())
        async with self.transaction() as tx:
            yield tx

    @asynccontextmanager
    async def _new_transaction(self) -> AsyncIterator[Transaction]:
        with translate_stale_errors(), translate_busy_errors():
            connection = await self._pool.acquire()
            opened = Transaction(self, self._pool, connection, self._recorders)
            with entered(opened):
                try:
                    if not is_limited():
                        await self._pool.exempt(opened.connection)
                    yield opened
                    opened.raise_if_failed()
                except BaseException as error:
                    await self._pool.rollback(opened.connection, opened.opened_session, error)
                    raise
                await self._finish(opened)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[Transaction]:
        """Open a savepoint, after whose error the rest of the transaction may go on."""
        outer = self._must_be_open("A savepoint is a part of a transaction: open that first.")
        session, part = outer.join().session, part_of(outer)
        with translate_stale_errors(), translate_busy_errors():
            async with session.begin_nested():
                await session.connection()  # sends SAVEPOINT now: a plan would not
                with entered(part, outer):
                    yield part
                    part.raise_if_failed()
        outer.callbacks += part.callbacks

    def record_later(
        self,
        action: str,
        target: Target,
        /,
        *,
        outcome: Outcome = Outcome.success,
        **details: object,
    ) -> None:
        """Record an operation that changed no row, without waiting for a commit.

        Example: `db.record_later("notes.list", ("notes", None))`, after a list of the data of other
        users. The entry is written with others within a second. A process that is killed loses the
        entries that it has not written.
        """
        audit = self._recorders.audit
        audit.note(audit.entry(action, target, outcome, details))

    def start_in_background(self, work: Coroutine[Any, Any, None]) -> Task[None]:
        """Start a task that no request waits for; `close` waits for it as for a commit."""
        task = create_task(work)
        self._committing.add(task)
        task.add_done_callback(self._committing.discard)
        return task

    async def close(self) -> None:
        """Wait for commits, at most for the statement timeout, and close the connections."""
        if self._committing:
            await wait(self._committing, timeout=self._reads.statement_timeout_s)
        await self._reads.close()
        await self._snapshots.dispose()
        await self._pool.close()

    async def _finish(self, opened: Transaction) -> None:
        """Commit in a task of its own, which goes on if the task of the caller is cancelled."""
        await shield(self.start_in_background(self._commit(opened)))

    async def _commit(self, opened: Transaction) -> None:
        try:
            if opened.invalidated and self._announce:
                await self._announce(opened, opened.invalidated)
            await self._pool.commit(opened.connection, opened.opened_session)
        except BaseException as error:
            await self._pool.rollback(opened.connection, opened.opened_session, error)
            raise
        finally:  # a failed commit may have taken effect, if only its result was lost
            opened.closed = True
            self._cache_versions.advance(opened.changed | opened.invalidated)
        for callback in opened.callbacks:
            await call(callback)

    def _outer(self) -> Transaction | None:
        outer = current.get()
        return outer if outer and not outer.closed and outer.database is self else None

    def _deferred(self) -> DeferredTransaction | None:
        awaiting = deferred.get()
        return awaiting if awaiting and awaiting.is_for(self) else None

    def _must_be_open(self, otherwise: str) -> Transaction:
        if not (outer := self._outer()):
            raise RuntimeError(otherwise)
        return outer

    def _note_changes(self, _: object, statement: Executable, *__: Any) -> None:
        opened = current.get()
        if opened and opened.database is self and not statement.is_select:
            opened.changed |= tables_changed_by(statement)


def part_of(outer: Transaction) -> Transaction:
    """Return the part of a transaction in a savepoint, with callbacks of its own.

    Its rollback drops the callbacks, but the names that it has changed stay invalidated.
    """
    part = Transaction(outer.database, outer.pool, outer.connection, outer.recorders)
    part.session, part.changed, part.invalidated = outer.session, outer.changed, outer.invalidated
    return part


@contextmanager
def entered(opened: Transaction, outer: Transaction | None = None) -> Iterator[None]:
    token = current.set(opened)
    if outer:
        outer.part = opened
    try:
        yield
    finally:
        opened.closed = True
        current.reset(token)
        if outer:
            outer.part = None


@contextmanager
def translate_stale_errors() -> Iterator[None]:
    try:
        yield
    except StaleDataError as error:
        raise Stale from error


async def call(callback: Callback) -> None:
    try:
        if (awaitable := callback()) is not None:
            await awaitable
    except Exception:
        count_fallback("after_commit")
        log.exception("after_commit_failed", callback=repr(callback))
