"""The transactions and the reads of services."""

from asyncio import Task
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

from sqlalchemy import Executable, Select, event
from sqlalchemy.orm import DeclarativeBase

from core.data.audit import Outcome, Target
from core.data.commits import Commits, LastStatements
from core.data.folded import fold_updates
from core.data.models import key_of, object_of
from core.data.open_transaction import Recorders
from core.data.queries import Listing, query_of
from core.data.transaction import Transaction, change_found
from core.data.transaction_blocks import (
    DeferredTransaction,
    JoinedTransaction,
    NewTransaction,
    current_transaction,
    deferred,
    inside_transaction,
)
from core.data.unions import Union
from core.data.updates import change_of, fields_of, select_row, statement_for, with_version
from core.engine.sql import (
    CacheVersions,
    ConnectionPool,
    PlannedReads,
    ReadConnection,
    ReadsInTransaction,
    tables_changed_by,
)
from core.kernel.errors import NotFound
from core.kernel.pages import PageRequest, Rows
from core.kernel.preconditions import ANY_VERSION, IfMatch

M = TypeVar("M", bound=DeclarativeBase)
T = TypeVar("T")

BATCH = 100  # rows: few enough to be serialized between two other requests


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
        reads: PlannedReads,
        cache_versions: CacheVersions,
        recorders: Recorders,
        last: LastStatements,
    ) -> None:
        self.engine = pool.engine
        self._pool, self._reads, self._audit = pool, reads, recorders.audit
        self._commits = Commits(pool, cache_versions, last)
        self._new_transaction = partial(NewTransaction, self, self._commits, recorders)
        event.listen(self.engine.sync_engine, "before_execute", self._note_changes)
        event.listen(self.engine.sync_engine, "before_execute", fold_updates, retval=True)

    def read(self) -> AbstractAsyncContextManager[ReadConnection]:
        """Return a connection for reads, which sees the changes of this task's transaction."""
        own = self._outer() if inside_transaction() else None
        return nullcontext(ReadsInTransaction(own.session) if own else self._reads)

    async def get(
        self, model: type[M], key: object, /, *, missing: type[NotFound], **where: object
    ) -> M:
        """Return the row with this primary key and these values, to read it. Raises `missing`.

        `await db.get(Note, note_id, owner_id=owner.id, missing=NoteNotFound)`
        """
        statement, values = statement_for(select_row, model, {key_of(model): key, **where})
        async with self.read() as reads:
            return cast("M", await reads.one(statement, values, missing=missing))

    async def page(
        self,
        listing: Listing,
        rows: type[T] | Select[T] | Union[T],
        request: PageRequest,
        /,
        **values: object,
    ) -> Rows[T]:
        """Return the requested part of a list. Raises InvalidInput for an unknown key or filter.

        `rows` is a query with its `values`, or a mapped class: all rows of its table that have the
        values of the list's `scope`. `await db.page(NOTES, Note, request, owner_id=owner.id)`
        """
        query = query_of(rows, listing, values)
        async with self.read() as reads:
            return await listing.page(reads, query, request, values)

    async def batches(
        self, listing: Listing, rows: type[T] | Select[T] | Union[T], /, **values: object
    ) -> AsyncIterator[Sequence[T]]:
        """Yield all rows of a list in its default order, in batches that are read one by one.

        `rows` and `values` are those of `page`. A row that is added or removed meanwhile may be
        missing; no other row is.
        """
        first = PageRequest(per_page=BATCH, by_cursor=True, with_total=False)
        part = await self.page(listing, rows, first, **values)
        yield part.items
        while part.last:
            part = await self.page(listing, rows, replace(first, after=part.last), **values)
            yield part.items

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction, or join the open one of this task.

        The transaction is committed at the end of its block and rolled back on an error.
        """
        if outer := self._outer():
            return JoinedTransaction(outer)
        awaiting = deferred.get()
        if awaiting and awaiting.is_for(self):
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

    async def update_by_id(
        self,
        model: type[M],
        key: object,
        changes: Mapping[str, object],
        /,
        *,
        missing: type[NotFound],
        if_match: IfMatch = ANY_VERSION,
        audit: str | None = None,
        invalidates: Sequence[str] = (),
        **where: object,
    ) -> M:
        """Change a row in one statement, without reading it first. Raises `missing` and Stale.

        It is a part of the open transaction of this task, or else a whole one: the change, its
        audit entry and the commit are then one step. `where` is that of `tx.get`, and
        `invalidates` are names for `tx.invalidate`. An empty change locks the row only.
        """
        found, fields = {key_of(model): key, **where}, fields_of(model, changes)
        if changes and not (self._outer() or deferred.get()):
            condition = found if if_match is ANY_VERSION else with_version(model, found, if_match)
            change = change_of(model, condition, changes) if condition else None
            target = model.__tablename__, str(key)
            entry = self._audit.entry(audit, target, {"fields": fields}) if audit else None
            if change and (row := await self._commits.change(*change, entry, invalidates)):
                return object_of(model, row)
        async with self.transaction() as tx:
            if invalidates:
                tx.invalidate(*invalidates)
            if (changed := await change_found(tx, model, found, changes, if_match)) is None:
                raise missing
            if audit:
                await tx.record(audit, changed, fields=fields)
            return changed

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
        self._audit.note(self._audit.entry(action, target, details, outcome))

    def start_in_background(self, work: Coroutine[object, object, None]) -> Task[None]:
        """Start a task that no request waits for; `close` waits for it as for a commit."""
        return self._commits.start(work)

    async def close(self) -> None:
        """Wait for commits, at most for the statement timeout, and close the connections."""
        await self._commits.wait(self._reads.statement_timeout_s)
        await self._reads.close()
        await self._pool.close()

    @asynccontextmanager
    async def _first_of(self, awaiting: DeferredTransaction) -> AsyncIterator[Transaction]:
        """Open the deferred transaction, which is committed at the end of its `deferred` block."""
        opened = await awaiting.stack.enter_async_context(self._new_transaction())
        async with JoinedTransaction(opened) as tx:
            yield tx

    def _outer(self) -> Transaction | None:
        outer = current_transaction.get()
        return outer if outer and not outer.closed and outer.database is self else None

    def _note_changes(self, _: object, statement: Executable, *__: object) -> None:
        opened = current_transaction.get()
        if opened and opened.database is self and not statement.is_select:
            opened.changed |= tables_changed_by(statement)
