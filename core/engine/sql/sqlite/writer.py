"""One connection for all writes, with a fair queue and one COMMIT for all ready transactions."""

import sqlite3
from asyncio import Future, Lock, Task, create_task, get_running_loop, sleep, timeout
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from core.engine.sql.errors import TooSlow
from core.engine.sql.lanes import Overran
from core.engine.sql.sqlite.driver import (
    LOCK_WAIT_S,
    Outcome,
    SqlWrite,
    execute,
    open_connection,
    write_all,
)
from core.engine.sql.sqlite.statements import Statement, StatementTimer
from core.engine.sql.sqlite.threads import ConnectionThreads
from core.engine.sql.statement_timeout import is_limited

QUEUE_TIMEOUT_S = 15  # the longest wait in the queue; then DatabaseBusy is raised
MIN_WAIT_S = 0.02
BEGIN = "BEGIN IMMEDIATE"
UNDO_MINE, UNDO_ALL = "ROLLBACK TO mine", "ROLLBACK"
"""The first undoes one transaction of a group, the second the first transaction or the group."""


class GroupCommit:
    """A queue in which each transaction has its turn, and groups that share one COMMIT.

    The first transaction of a group begins it, and each other one is a savepoint until the COMMIT.
    """

    def __init__(self, path: str, statement_timeout_s: float) -> None:
        self._statement_timeout_s, self._timer = statement_timeout_s, StatementTimer()
        self.thread = ConnectionThreads("sqlite-writer", 1, partial(open_connection, path))
        self.turn = Lock()
        self.ready: list[tuple[Future[Any], LeftWrites | None]] = []
        """The transactions that wait for the COMMIT, each with the writes that it left."""
        self._left: list[LeftWrites] = []
        """The writes of `ready` that were not sent to the thread yet."""
        self._whole: list[WholeTransaction] = []
        """The transactions of which nothing was sent to the thread yet."""
        self._committing: Task[None] | None = None
        self._is_locked = False
        """Whether another process held the lock at the last BEGIN."""

    async def take_turn(self) -> None:
        try:
            async with timeout(QUEUE_TIMEOUT_S):
                await self.turn.acquire()
        except TimeoutError:
            raise queue_too_long() from None

    def run(
        self,
        begins: float | None,
        before: Sequence[SqlWrite],
        sql: str,
        values: Any,
        many: bool,
    ) -> Awaitable[Any]:
        """Execute a statement in the thread. Raises Overran after the statement timeout.

        `begins` is the time since which a transaction waits that needs a BEGIN first.
        """
        limit_s = self._statement_timeout_s if is_limited() else None
        if limit_s is not None and begins is not None:
            limit_s += LOCK_WAIT_S  # waiting for a lock has a limit of its own
        left, self._left = self._left, []
        statement = Statement(limit_s, self.execute, begins, before, sql, values, many)
        return self.thread.run(self._timer.add(statement), left)

    def execute(
        self,
        connection: sqlite3.Connection,
        begins: float | None,
        before: Sequence[SqlWrite],
        sql: str,
        values: Any,
        many: bool,
    ) -> Outcome:
        if begins is not None:
            self._begin(connection, begins)
        return execute(connection, before, sql, values, many)

    def _begin(self, connection: sqlite3.Connection, since: float) -> None:
        """Begin a transaction; if the last one did not get the lock, limit the wait from `since`.

        Otherwise each transaction in the queue would wait for `LOCK_WAIT_S` after the one before.
        """
        if self._is_locked:
            waited = monotonic() - since
            set_lock_wait(connection, max(MIN_WAIT_S, LOCK_WAIT_S - waited))
        try:
            connection.execute(BEGIN).close()
        except sqlite3.OperationalError:
            self._is_locked = True
            raise
        if self._is_locked:
            self._is_locked = False
            set_lock_wait(connection, LOCK_WAIT_S)

    def commit(self, left: Sequence[SqlWrite]) -> Future[None]:
        """Pass the turn on, and return the future of the COMMIT.

        The COMMIT waits behind the transactions in the queue and commits them too. The writes that
        this transaction left are sent to the thread with the next statement.
        """
        committed: Future[None] = get_running_loop().create_future()
        writes = self._limited(not self.ready, write_all, left) if left else None
        if writes:
            self._left.append(writes)
        self.ready.append((committed, writes))
        self.turn.release()
        self._commit_soon()
        return committed

    def _limited(self, is_first: bool, call: Callable[..., object], *args: object) -> "LeftWrites":
        limit_s = self._statement_timeout_s if is_limited() else None
        statement = Statement(limit_s, call, *args)
        if limit_s is not None:
            self._timer.add(statement)
        return LeftWrites(statement, is_first)

    async def perform_whole(self, call: Callable[..., object], *args: object) -> Any:
        """Make a call that is a whole transaction with the next COMMIT, and return its result.

        Raises the errors of `take_turn`.
        """
        loop, writes = get_running_loop(), self._limited(False, call, *args)
        whole = WholeTransaction(loop.create_future(), writes, monotonic())
        self._whole.append(whole)
        self._commit_soon()
        give_up = loop.call_later(QUEUE_TIMEOUT_S, self._give_up, whole)
        try:
            return await whole.committed
        finally:
            give_up.cancel()

    def _give_up(self, whole: "WholeTransaction") -> None:
        """Fail a transaction that has waited for too long, unless it is being performed."""
        if whole in self._whole:
            self._whole.remove(whole)
            whole.committed.set_exception(queue_too_long())

    async def rollback(self) -> None:
        try:
            await self.thread.run(undo, UNDO_MINE if self.ready else UNDO_ALL)
        finally:
            self.turn.release()

    def _commit_soon(self) -> None:
        if self._committing is None:
            self._committing = create_task(self._commit_all())

    async def _commit_all(self) -> None:
        async with self.turn:
            self._committing = None
            whole, self._whole = self._whole, []
            begins = whole[0].since if whole and not self.ready else None
            left, self._left = [*self._left, *(it.writes for it in whole)], []
            ready = [*self.ready, *((it.committed, it.writes) for it in whole)]
            self.ready = []
            if not ready:
                return
            failure = None
            try:
                await self.thread.run(self._commit, begins, left)
            except Exception as error:  # any error, so that no transaction waits forever
                failure = error
        for committed, writes in ready:
            reason = (writes and writes.error) or failure
            if reason and not committed.done():
                committed.set_exception(reason)
            elif not committed.done():
                committed.set_result(writes and writes.result)
            await sleep(0)  # so that reads run between two of them

    def _commit(
        self,
        connection: sqlite3.Connection,
        begins: float | None,
        left: Sequence["LeftWrites"],
    ) -> None:
        """Commit the group, or undo all of it.

        The left writes have a time limit. The COMMIT has none, because SQLite does not interrupt
        it: it waits for no lock, only for the disk.
        """
        try:
            if begins is not None:
                self._begin(connection, begins)
            for writes in left:
                writes(connection)
            connection.execute("COMMIT").close()
        except Exception:
            undo(connection, UNDO_ALL)
            raise

    def close(self) -> None:
        self._timer.close()
        self.thread.close()


def set_lock_wait(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}").close()


def undo(connection: sqlite3.Connection, sql: str) -> None:
    if connection.in_transaction:
        connection.execute(sql).close()


def queue_too_long() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("The queue to write is too long.")


class WholeTransaction(NamedTuple):
    """A transaction that consists of left writes, and the time since which it waits."""

    committed: Future[Any]
    writes: "LeftWrites"
    since: float


@dataclass(slots=True)
class LeftWrites:
    """The last writes of a transaction, which are sent to the thread with its next statement."""

    statement: Statement
    is_first: bool
    """Whether the transaction is the first of its group, which is not a savepoint."""
    result: Any = None
    error: Exception | None = None

    def __call__(self, connection: sqlite3.Connection) -> None:
        """Perform the writes, or undo the transaction and keep the error for its commit.

        The driver refuses some values with errors other than SQLite's, such as OverflowError.
        """
        try:
            self.result = self.statement(connection)
        except Overran:  # SQLite has rolled back the group
            self.error = TooSlow()
        except Exception as error:
            self.error = error
        if self.error:
            self._undo(connection)

    def _undo(self, connection: sqlite3.Connection) -> None:
        """Undo the transaction; if it is the first, begin a new group for those that follow."""
        undo(connection, UNDO_ALL if self.is_first else UNDO_MINE)
        if self.is_first:
            connection.execute(BEGIN).close()
