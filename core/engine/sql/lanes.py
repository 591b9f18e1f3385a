"""The lanes of reading statements: a quick statement does not wait for slow ones.

Each lane has connections of its own. A new statement starts in the trial lane and moves to the
quick lane after some quick runs. A run longer than `QUICK_S` moves it back. Both lanes end a run
after `BRIEF_S`; the run is then repeated one lane further down.
"""

from asyncio import Semaphore, timeout
from enum import IntEnum, auto
from math import inf
from time import monotonic
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Executable

from core.engine.sql.compiled_statements import CompiledStatement
from core.engine.sql.errors import DatabaseBusy

BRIEF_S = 0.05
"""The time that a run may take in the quick and the trial lane."""
QUICK_S = 0.002
"""A run that took longer is not a quick one."""
LONG_S = 0.01
"""A run that took longer is a slow one."""
PROVEN_RUNS = 2
RECENT_S = 60.0
"""A statement whose run was not quick stays out of the quick lane for this long."""
MAX_WAITING = 16

S = TypeVar("S", bound=Executable)


class Lane(IntEnum):
    reserved = auto()
    """The lane of statements that every request needs: maintenance state and principal."""
    quick = auto()
    trial = auto()
    slow = auto()
    unlimited = auto()
    """The lane of exempted work, such as an export, and of slow statements outside requests."""


def time_limits(statement_timeout_s: float) -> dict[Lane, float | None]:
    """Return the time in seconds that a run may take in each lane."""
    brief_s = min(BRIEF_S, statement_timeout_s)
    return {
        Lane.reserved: statement_timeout_s,
        Lane.quick: brief_s,
        Lane.trial: brief_s,
        Lane.slow: statement_timeout_s,
        Lane.unlimited: None,
    }


class Overran(Exception):
    """The run took longer than its lane allows, and was interrupted."""


def reserved(statement: S) -> S:
    """Mark a statement that every request needs; it must find its row by an index."""
    marked: S = statement.execution_options(reserved_lane=True)
    return marked


class KnownStatement:
    """The plan of a statement, and its lane, which depends on the speed of its last runs."""

    __slots__ = ("_not_quick_at", "_quick_runs", "lane", "plan", "runs")

    def __init__(self, statement: Executable | None = None) -> None:
        marked = statement is not None and "reserved_lane" in statement.get_execution_options()
        self.lane = Lane.reserved if marked else Lane.trial
        self.plan: CompiledStatement | None = None
        self.runs = 0
        """The number of runs before there is a plan."""
        self._quick_runs, self._not_quick_at = 0, -inf

    def record_run(self, seconds: float) -> None:
        """Choose the lane of the next run by the duration of this run."""
        if seconds > LONG_S:
            self._move_to(Lane.slow)
        elif seconds > QUICK_S:
            self._move_to(Lane.trial)
        elif self.lane is Lane.trial or self.lane is Lane.slow:
            self._was_quick()

    def overran(self, lane: Lane) -> Lane:
        """Return the lane in which the interrupted run is repeated."""
        once_more = lane is Lane.quick and self.lane is not Lane.slow
        self._move_to(Lane.trial if once_more else Lane.slow)
        return self.lane

    def _was_quick(self) -> None:
        if self.lane is Lane.slow:
            self.lane, self._quick_runs = Lane.trial, 0
            return
        self._quick_runs += 1
        if self._quick_runs >= PROVEN_RUNS and monotonic() - self._not_quick_at > RECENT_S:
            self.lane = Lane.quick

    def _move_to(self, lane: Lane) -> None:
        if self.lane is not Lane.reserved:
            self.lane, self._quick_runs, self._not_quick_at = lane, 0, monotonic()


class ConcurrencyLimit:
    """A limit for tasks that run, tasks that wait and their waiting time. Raises DatabaseBusy."""

    def __init__(self, at_once: int, waiting: float = inf, patience_s: float | None = None) -> None:
        self._free = Semaphore(at_once)
        self._waiting, self._most_waiting, self._patience_s = 0, waiting, patience_s

    async def __aenter__(self) -> Self:
        if self._waiting >= self._most_waiting:
            raise DatabaseBusy("Too many slow queries are waiting; try again.")
        self._waiting += 1
        try:
            async with timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError:
            raise DatabaseBusy("Too many slow queries are running; try again.") from None
        finally:
            self._waiting -= 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._free.release()
