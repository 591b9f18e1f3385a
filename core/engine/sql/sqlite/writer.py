"""One connection for all writes, with a fair queue and one COMMIT for all ready transactions."""

import sqlite3
from asyncio import Future, Lock, Task, create_task, get_running_loop, sleep, timeout
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import NamedTuple

from core.engine.sql.compiled_statements import Parameters, Rows
from core.engine.sql.errors import TooSlow
from core.engine.sql.lanes import Overran
from core.engine.sql.sqlite.driver import LOCK_WAIT_S, open_connection
from core.engine.sql.sqlite.statements import Statement, StatementTimer
from core.engine.sql.sqlite.threads import Call, ConnectionThreads, T
from core.engine.sql.statement_timeout import is_limited

QUEUE_TIMEOUT_S = 15  # the longest wait in the queue; then DatabaseBusy is raised
MIN_WAIT_S = 0.02
BEGIN = "BEGIN IMMEDIATE"
SqlWrite = tuple[str, Parameters]
"""A statement, and its values."""
SAVEPOINT: SqlWrite = ("SAVEPOINT mine", ())
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
        self.ready: list[Ending] = []
        """The transactions that wait for the COMMIT."""
        self._unsent: list[Performance] = []
        """Their last writes that were not sent to the thread yet."""
        self._whole: dict[Ending, Performance] = {}
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

    def run(self, since: float | None, before: Sequence[SqlWrite], call: Call[T]) -> Future[T]:
        """Perform the writes `before`, then the call. Raises Overran after the statement timeout.

        `since` is the time from which the first transaction of a group waits, which needs a BEGIN.
        """

        def execute(connection: sqlite3.Connection) -> T:
            if since is not None:
                self._begin(connection, since)
            write_all(connection, before)
            return call(connection)

        unsent, self._unsent = self._unsent, []
        lock_wait_s = 0.0 if since is None else LOCK_WAIT_S  # it has a limit of its own
        return self.thread.run(run_after, unsent, self._limited(execute, lock_wait_s))

    def commit(self, left: Sequence[SqlWrite]) -> Future[Rows]:
        """Pass the turn on, and return the future of the COMMIT.

        The COMMIT waits behind the transactions in the queue and commits them too. The writes that
        this transaction left are sent to the thread with the next statement.
        """
        ending = Ending(get_running_loop().create_future(), left, is_first=not self.ready)
        if left:
            self._unsent.append(self._last(ending))
        self.ready.append(ending)
        self.turn.release()
        self._committing = self._committing or create_task(self._commit_all())
        return ending.committed

    async def perform_whole(
        self, writes: Sequence[SqlWrite], change: SqlWrite | None = None
    ) -> Rows:
        """Perform a whole transaction with the next COMMIT, and return the rows of the change.

        The writes beside a change are performed only if it returns a row. Raises the errors of
        `take_turn`.
        """
        loop = get_running_loop()
        ending = Ending(loop.create_future(), writes, change, is_whole=True)
        self._whole[ending] = self._last(ending)
        self._committing = self._committing or create_task(self._commit_all())
        give_up = loop.call_later(QUEUE_TIMEOUT_S, self._give_up, ending)
        try:
            return await ending.committed
        finally:
            give_up.cancel()

    async def rollback(self) -> None:
        try:
            await self.thread.run(undo, UNDO_MINE if self.ready else UNDO_ALL)
        finally:
            self.turn.release()

    def close(self) -> None:
        self._timer.close()
        self.thread.close()

    def _limited(self, call: Call[T], more_s: float = 0.0) -> Statement[T]:
        """Return a call that ends after the statement timeout, if it has one."""
        limit_s = self._statement_timeout_s + more_s if is_limited() else None
        return self._timer.add(Statement(limit_s, call))

    def _last(self, ending: "Ending") -> "Performance":
        """Return the call that performs the last writes, within the statement timeout."""
        return Performance(ending, self._limited(ending.write))

    def _give_up(self, ending: "Ending") -> None:
        """Fail a transaction that has waited for too long, unless it is being performed."""
        if waiting := self._whole.pop(ending, None):
            self._timer.forget(waiting.statement)
            ending.committed.set_exception(queue_too_long())

    async def _commit_all(self) -> None:
        failure = None
        async with self.turn:
            self._committing, whole = None, self._whole
            since = next(iter(whole)).since if whole and not self.ready else None
            ready, self.ready = [*self.ready, *whole], []
            unsent, self._unsent = [*self._unsent, *whole.values()], []
            self._whole = {}
            try:
                if ready:
                    await self.thread.run(self._commit, since, unsent)
            except Exception as error:  # any error, so that no transaction waits forever
                failure = error
        for performance in unsent:  # those that were not performed too
            self._timer.forget(performance.statement)
        for ending in ready:
            ending.settle(failure)
            await sleep(0)  # so that reads run between two of them

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

    def _commit(
        self, connection: sqlite3.Connection, since: float | None, unsent: Sequence["Performance"]
    ) -> None:
        """Commit the group, or undo all of it.

        The last writes have a time limit. The COMMIT has none, because SQLite does not interrupt
        it: it waits for no lock, only for the disk.
        """
        try:
            if since is not None:
                self._begin(connection, since)
            for perform in unsent:
                perform(connection)
            connection.execute("COMMIT").close()
        except Exception:
            undo(connection, UNDO_ALL)
            raise


@dataclass(slots=True, eq=False)
class Ending:
    """The end of a transaction, or a whole one: its last writes, and the future of its COMMIT."""

    committed: Future[Rows]
    writes: Sequence[SqlWrite]
    change: SqlWrite | None = None
    """A first statement; without a row of it, the writes are not performed."""
    is_first: bool = False
    """Whether the transaction is the first of its group, which is not a savepoint."""
    is_whole: bool = False
    """Whether the transaction consists of these statements, and has no savepoint yet."""
    since: float = field(default_factory=monotonic)
    rows: Rows = ()
    error: Exception | None = None

    def perform(self, connection: sqlite3.Connection, statement: Call[None]) -> None:
        """Perform the writes, or undo the transaction and keep the error for its commit.

        The driver refuses some values with errors other than SQLite's, such as OverflowError.
        """
        try:
            write_all(connection, [SAVEPOINT] if self.is_whole else [])
            statement(connection)
        except Overran:  # SQLite has undone the whole group, if the call has begun
            self.error = TooSlow()
        except Exception as error:
            self.error = error
        if self.error:
            self._undo(connection)

    def write(self, connection: sqlite3.Connection) -> None:
        if self.change:
            self.rows = connection.execute(*self.change).fetchall()
        if self.rows or not self.change:
            write_all(connection, self.writes)

    def _undo(self, connection: sqlite3.Connection) -> None:
        """Undo the transaction; if it is the first, begin a new group for those that follow."""
        undo(connection, UNDO_ALL if self.is_first else UNDO_MINE)
        if self.is_first:
            connection.execute(BEGIN).close()

    def settle(self, failure: Exception | None) -> None:
        if self.committed.done():
            return
        if error := self.error or failure:
            self.committed.set_exception(error)
        else:
            self.committed.set_result(self.rows)


class Performance(NamedTuple):
    """The call for the last writes of a transaction."""

    ending: Ending
    statement: Statement[None]

    def __call__(self, connection: sqlite3.Connection) -> None:
        self.ending.perform(connection, self.statement)


def run_after(
    connection: sqlite3.Connection, unsent: Sequence[Performance], statement: Call[T]
) -> T:
    for perform in unsent:
        perform(connection)
    return statement(connection)


def write_all(connection: sqlite3.Connection, writes: Sequence[SqlWrite]) -> None:
    """Execute statements without rows. Raises OperationalError outside a transaction."""
    if not connection.in_transaction:
        raise sqlite3.OperationalError("SQLite has rolled the transaction back")
    for sql, values in writes:
        connection.execute(sql, values).close()


def undo(connection: sqlite3.Connection, sql: str) -> None:
    if connection.in_transaction:
        connection.execute(sql).close()


def set_lock_wait(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}").close()


def queue_too_long() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("The queue to write is too long.")
