"""Statements in threads, and the timer that interrupts those that run for too long."""

from asyncio import CancelledError, TimerHandle, get_running_loop
from dataclasses import dataclass, field
from math import inf
from sqlite3 import Connection, OperationalError
from threading import Lock
from time import monotonic, thread_time
from typing import Any, Generic

from core.engine.sql.lanes import Overran
from core.engine.sql.sqlite.threads import Call, ConnectionThreads, T

LOOK_EVERY_S = 0.01


@dataclass(slots=True, eq=False)
class Statement(Generic[T]):
    """One call on the connection of a thread, until it ends or is interrupted.

    The lock keeps an interrupt from reaching the next statement on the same connection.
    """

    limit_s: float | None
    call: Call[T]
    done: bool = False
    seconds: float = 0.0
    """The processor time of the call, which excludes the time of other threads."""
    until: float = inf
    """The time by which the call must have ended; unlimited before it begins."""
    _lock: Lock = field(default_factory=Lock)
    _connection: Connection | None = None
    _ended: bool = False

    def __call__(self, connection: Connection) -> T:
        begun = thread_time()
        with self._lock:
            if self._ended:  # while the statement waited
                self.done = True
                raise Overran
            self._connection = connection
            if self.limit_s is not None:
                self.until = monotonic() + self.limit_s
        try:
            return self.call(connection)
        except OperationalError:
            if self._ended:
                raise Overran from None
            raise
        finally:
            self.seconds = thread_time() - begun
            with self._lock:
                self._connection, self.done = None, True

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if self._connection:
                self._connection.interrupt()


class StatementTimer:
    """A timer that checks running statements and ends those after their time limit."""

    def __init__(self) -> None:
        self._running: set[Statement[Any]] = set()  # Any: each call has another result
        self._timer: TimerHandle | None = None

    async def run(self, threads: ConnectionThreads, statement: Statement[T]) -> T:
        """Return what the statement returns, or end it when the task is cancelled.

        Raises Overran when it was interrupted.
        """
        try:
            result = await threads.run(self.add(statement))
        except CancelledError:
            statement.end()
            raise
        self._running.discard(statement)
        return result

    def add(self, statement: Statement[T]) -> Statement[T]:
        """Watch a statement until its thread is done with it, and return it."""
        self._running.add(statement)
        if self._timer is None:
            self._timer = get_running_loop().call_later(LOOK_EVERY_S, self._look)
        return statement

    def forget(self, statement: Statement[Any]) -> None:
        """Stop watching a statement that no thread will begin, or that is done."""
        self._running.discard(statement)

    def close(self) -> None:
        """End the statements that still run; no task waits for them any longer."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        for statement in self._running:
            statement.end()
        self._running.clear()

    def _look(self) -> None:
        """End the late statements, and watch those that are not done."""
        now, self._timer = monotonic(), None
        running, self._running = self._running, set()
        for statement in running:
            if not statement.done:
                self.add(statement)
                if now > statement.until:
                    statement.end()
