"""Statements in threads, and the timer that interrupts those that run for too long."""

import sqlite3
from asyncio import CancelledError, TimerHandle, get_running_loop
from collections.abc import Callable, Sequence
from threading import Lock
from time import monotonic, thread_time

from core.engine.sql.lanes import Overran
from core.engine.sql.sqlite.threads import ConnectionThreads

LOOK_EVERY_S = 0.01


class Statement:
    """One call on the connection of a thread, until it ends or is interrupted.

    The lock keeps an interrupt from reaching the next statement on the same connection.
    """

    __slots__ = (
        "_args",
        "_call",
        "_connection",
        "_ended",
        "_lock",
        "_until",
        "done",
        "limit_s",
        "seconds",
    )

    def __init__(self, limit_s: float | None, call: Callable[..., object], *args: object) -> None:
        self.limit_s, self._call, self._args = limit_s, call, args
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._until: float | None = None
        self._ended = False
        self.done = False
        self.seconds = 0.0
        """The processor time of the call, which excludes the time of other threads."""

    def __call__(
        self,
        connection: sqlite3.Connection,
        preceding: Sequence[Callable[[sqlite3.Connection], object]] = (),
    ) -> object:
        """Make the preceding calls, which have limits of their own, and then this one."""
        for call in preceding:
            call(connection)
        begun = thread_time()
        with self._lock:
            if self._ended:  # while the statement waited
                self.done = True
                raise Overran
            self._connection = connection
            if self.limit_s is not None:
                self._until = monotonic() + self.limit_s
        try:
            return self._call(connection, *self._args)
        except sqlite3.OperationalError:
            if self._ended:
                raise Overran from None
            raise
        finally:
            self.seconds = thread_time() - begun
            with self._lock:
                self._connection, self.done = None, True

    def end_if_late(self, now: float) -> None:
        if self._until is not None and now > self._until:
            self.end()

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if self._connection:
                self._connection.interrupt()


class StatementTimer:
    """A timer that checks running statements and ends those after their time limit."""

    def __init__(self) -> None:
        self._running: set[Statement] = set()
        self._timer: TimerHandle | None = None

    async def run(
        self,
        threads: ConnectionThreads,
        statement: Statement,
    ) -> object:
        """Return what the statement returns, or end it when the task is cancelled.

        Raises Overran when it was interrupted.
        """
        try:
            return await threads.run(self.add(statement))
        except CancelledError:
            statement.end()
            raise

    def add(self, statement: Statement) -> Statement:
        """Watch a statement until its thread is done with it, and return it."""
        self._running.add(statement)
        if self._timer is None:
            self._look_later()
        return statement

    def remove(self, statement: Statement) -> None:
        """Forget a statement that is done, before the timer does."""
        self._running.discard(statement)

    def close(self) -> None:
        """End the statements that still run; no task waits for them any longer."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        for statement in self._running:
            statement.end()
        self._running.clear()

    def _look_later(self) -> None:
        self._timer = get_running_loop().call_later(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        self._timer = None
        now = monotonic()
        self._running = {statement for statement in self._running if not statement.done}
        for statement in self._running:
            statement.end_if_late(now)
        if self._running:
            self._look_later()
