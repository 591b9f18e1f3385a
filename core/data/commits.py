"""The end of transactions: the announcement, the COMMIT, and the callbacks that follow it."""

from asyncio import Task, create_task, shield, wait
from collections.abc import Coroutine, Iterable, Sequence
from typing import NamedTuple, TypeVar

import structlog
from sqlalchemy import Executable
from sqlalchemy.orm.exc import StaleDataError

from core.data.audit import RECORD
from core.data.open_transaction import Callback, OpenTransaction, planned
from core.engine.sql import CacheVersions, ConnectionPool, Rows, Values, Write, place_of, raise_busy
from core.kernel.context import current_context
from core.kernel.errors import Stale
from core.kernel.fallbacks import count_fallback

T = TypeVar("T")

log = structlog.get_logger(__name__)


class LastStatements(NamedTuple):
    """The statements that a database executes at the end of a transaction."""

    record_if_changed: Executable = RECORD
    announce: Executable | None = None
    announce_if_changed: Executable | None = None


class Commits:
    """The commits of a database, and other tasks that no request waits for."""

    def __init__(
        self,
        pool: ConnectionPool,
        cache_versions: CacheVersions,
        last: LastStatements,
    ) -> None:
        self.pool, self._cache_versions, self._last = pool, cache_versions, last
        self.running: set[Task[object]] = set()

    async def commit(self, opened: OpenTransaction) -> None:
        """Commit in a task of its own, which goes on if the task of the caller is cancelled."""
        await shield(self.start(self._commit(opened)))

    async def change(
        self, update: Executable, values: Values, entry: Values | None, invalidated: Sequence[str]
    ) -> dict[str, object] | None:
        """Perform a change and its audit entry as a whole transaction, and return the row.

        Return None if the row was not found, or if only SQLAlchemy can execute the statement.
        """
        plan, tables = planned(update, self.pool.engine.dialect)
        if plan is None:
            return None
        beside = [self._write(self._last.record_if_changed, entry)] if entry else []
        if invalidated and self._last.announce_if_changed is not None:
            beside.append(self._write(self._last.announce_if_changed, places_of(invalidated)))
        change = plan, plan.bind(values)
        rows = await shield(self.start(self._change(change, beside, tables.union(invalidated))))
        if rows and entry:
            current_context().audited = True
        return plan.only(rows)

    def start(self, work: Coroutine[object, object, T]) -> Task[T]:
        """Start a task for which `wait` waits."""
        task = create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def wait(self, timeout_s: float) -> None:
        if self.running:
            await wait(self.running, timeout=timeout_s)

    async def roll_back(self, opened: OpenTransaction, error: BaseException) -> None:
        """Roll back because of an error, and raise the error of the project that it stands for."""
        opened.closed = True
        await self.pool.rollback(opened.connection, opened.opened_session, error)
        raise_translated(error)

    async def _commit(self, opened: OpenTransaction) -> None:
        try:
            if opened.invalidated and self._last.announce is not None:
                await opened.execute_later(self._last.announce, places_of(opened.invalidated))
            await self.pool.commit(opened.connection, opened.opened_session)
        except BaseException as error:
            await self.roll_back(opened, error)
            raise
        finally:  # a failed commit may have taken effect, if only its result was lost
            opened.closed = True
            self._cache_versions.advance(opened.changed | opened.invalidated)
        if opened.audited:
            current_context().audited = True
        for callback in opened.callbacks:
            await call(callback)

    async def _change(self, change: Write, beside: Sequence[Write], names: set[str]) -> Rows:
        rows: Rows | None = None
        try:
            rows = await self.pool.perform_whole(change, beside)
            return rows
        except BaseException as error:
            raise_translated(error)
            raise
        finally:
            if rows is None or rows:  # None: a failed change may have taken effect
                self._cache_versions.advance(names)

    def _write(self, statement: Executable, values: Values) -> Write:
        plan = planned(statement, self.pool.engine.dialect).plan
        assert plan is not None  # noqa: S101 (only the switch, which turns off all plans)
        return plan, plan.bind(values)


def places_of(names: Iterable[str]) -> Values:
    """Return the values of an announcement, sorted so that all transactions lock in one order."""
    return {"places": sorted({place_of(name) for name in names})}


def raise_translated(error: BaseException) -> None:
    """Raise the error of the project that an error of SQLAlchemy stands for, if there is one."""
    if isinstance(error, StaleDataError):
        raise Stale from error
    raise_busy(error)


async def call(callback: Callback) -> None:
    try:
        if (awaitable := callback()) is not None:
            await awaitable
    except Exception:
        count_fallback("after_commit")
        log.exception("after_commit_failed", callback=repr(callback))
