"""One connection writes for all: a fair queue to it, and one COMMIT for all who are ready."""

import sqlite3
from asyncio import Future, Lock, Task, create_task, get_running_loop, sleep, timeout
from functools import partial
from time import monotonic
from typing import Any

from sqlalchemy.util import await_

from core.data.errors import TooSlow
from core.data.lanes import Overran
from core.data.limits import is_limited
from core.data.sqlite.driver import LOCK_WAIT_S, Cursor, execute, open_connection
from core.data.sqlite.statements import Statement, Watch
from core.data.sqlite.threads import ConnectionThreads

PATIENCE_S = 15  # in the queue, then "busy"
LEAST_WAIT_S = 0.02
BEGIN = "BEGIN IMMEDIATE"


class GroupCommit:
    """Gives each transaction its turn; each is a savepoint of the group until the COMMIT."""

    def __init__(self, path: str, statement_timeout_s: float) -> None:
        self._statement_timeout_s, self._watch = statement_timeout_s, Watch()
        self.thread = ConnectionThreads("sqlite-writer", 1, partial(open_connection, path))
        self.turn = Lock()
        self.ready: list[Future[None]] = []
        self._committing: Task[None] | None = None
        self._is_locked = False
        """Another process held the lock when the last transaction was to begin."""

    async def take_turn(self) -> None:
        try:
            async with timeout(PATIENCE_S):
                await self.turn.acquire()
        except TimeoutError:
            raise sqlite3.OperationalError("The queue to write is too long.") from None

    async def run(self, first: str, sql: str, values: Any, many: bool, asked: float) -> Any:
        """Have it executed in the thread. Raises Overran after the statement timeout."""
        limit_s = self._statement_timeout_s if is_limited() else None
        if limit_s is not None and first == BEGIN:
            limit_s += LOCK_WAIT_S  # waiting for a lock has a limit of its own
        statement = Statement(limit_s, self.execute, first, sql, values, many, asked)
        return await self._watch.run(self.thread, statement, ends_when_cancelled=False)

    def execute(
        self,
        connection: sqlite3.Connection,
        first: str,
        sql: str,
        values: Any,
        many: bool,
        asked: float,
    ) -> tuple[sqlite3.Cursor, list[Any]]:
        """In the thread; `asked` is the time since when the transaction waits to begin."""
        if first == BEGIN:
            self._begin(connection, asked)
            first = ""
        return execute(connection, first, sql, values, many)

    def _begin(self, connection: sqlite3.Connection, asked: float) -> None:
        """Behind one that has waited in vain, the others wait no longer than it did."""
        if self._is_locked:
            waited = monotonic() - asked
            set_lock_wait(connection, max(LEAST_WAIT_S, LOCK_WAIT_S - waited))
        try:
            connection.execute(BEGIN).close()
        except sqlite3.OperationalError:
            self._is_locked = True
            raise
        if self._is_locked:
            self._is_locked = False
            set_lock_wait(connection, LOCK_WAIT_S)

    def commit(self) -> Future[None]:
        """Pass the turn on. The COMMIT queues up behind those who wait, and serves them too."""
        committed: Future[None] = get_running_loop().create_future()
        self.ready.append(committed)
        self.turn.release()
        if len(self.ready) == 1:
            self._committing = create_task(self._commit_all())
        return committed

    async def rollback(self) -> None:
        try:
            await self.thread.run(undo, "ROLLBACK TO mine" if self.ready else "ROLLBACK")
        finally:
            self.turn.release()

    async def _commit_all(self) -> None:
        async with self.turn:
            ready, self.ready = self.ready, []
            failure = None
            try:
                await self.thread.run(sqlite3.Connection.execute, "COMMIT")
            except sqlite3.Error as error:
                failure = error
                await self.thread.run(undo, "ROLLBACK")
        for committed in ready:
            if failure and not committed.done():
                committed.set_exception(failure)
            elif not committed.done():
                committed.set_result(None)
            await sleep(0)  # each answer by itself, so that reads come between them

    def close(self) -> None:
        self._watch.close()
        self.thread.close()


def set_lock_wait(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}").close()


def undo(connection: sqlite3.Connection, sql: str) -> None:
    if connection.in_transaction:
        connection.execute(sql).close()


class WriteConnection:
    """The DBAPI's connection: has its turn from its first statement to commit or rollback."""

    def __init__(self, group: GroupCommit) -> None:
        self._group = group
        self.in_transaction = False

    async def perform(self, sql: str, values: Any, many: bool) -> Any:
        group, first, asked = self._group, "", 0.0
        if not self.in_transaction:
            asked = monotonic()
            await group.take_turn()
            self.in_transaction = True
            first = "SAVEPOINT mine" if group.ready else BEGIN
        try:
            return await group.run(first, sql, values, many, asked)
        except Overran:  # SQLite has rolled back the transaction, and the group with it
            raise TooSlow from None

    def cursor(self) -> Cursor:
        return Cursor(self)

    def commit(self) -> None:
        if self.in_transaction:
            self.in_transaction = False
            await_(self._group.commit())

    def rollback(self) -> None:
        if self.in_transaction:
            self.in_transaction = False
            await_(self._group.rollback())

    def close(self) -> None:
        """Also what SQLAlchemy does when whoever was writing is cancelled."""
        if self.in_transaction:
            self.in_transaction = False
            self._rolling_back = create_task(self._group.rollback())
