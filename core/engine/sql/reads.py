"""Reads of `db.read()`: SQLAlchemy executes a statement at first, and the driver alone later."""

from abc import ABC, abstractmethod
from asyncio import create_task, gather
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from time import monotonic
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Executable, Select, TextClause
from sqlalchemy.engine import Result, ScalarResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from core.engine.sql.cached_counts import CachedCounts, Count
from core.engine.sql.compiled_statements import (
    NOTHING,
    Parameters,
    Rows,
    Selected,
    Values,
    compile_statement,
)
from core.engine.sql.errors import TooSlow, is_repeatable, translate_busy_errors
from core.engine.sql.lanes import MAX_WAITING, ConcurrencyLimit, KnownStatement, Lane, Overran
from core.engine.sql.statement_timeout import is_exempt, is_limited
from core.kernel.errors import NotFound, Unavailable
from core.kernel.fallbacks import note_fallback

SLOW = UNLIMITED = 2
"""The number of statements that run at once in each of these lanes."""
PLANNED_RUN = 2
SAMPLE_S = 60.0
R = TypeVar("R", covariant=True)
T = TypeVar("T")
U = TypeVar("U")
AsyncCall = Callable[..., Awaitable[T]]
Read = Callable[[], Coroutine[object, object, T]]


class ReadConnection(ABC):
    """A connection for SELECT, with `execute`, `scalar` and `scalars` of an AsyncConnection."""

    async def one(
        self, query: Select[T], values: Values = NOTHING, *, missing: type[NotFound]
    ) -> T:
        """Return the row that `query` finds. Raises `missing`."""
        if (row := await self.first(query, values)) is None:
            raise missing
        return row

    async def first(self, query: Select[T], values: Values = NOTHING) -> T | None:
        """Return the only row that `query` finds, or None."""
        return cast("T | None", (await self.execute(query, values)).one_or_none())

    async def all(self, query: Select[T], values: Values = NOTHING) -> Sequence[T]:
        """Return all rows that `query` finds."""
        return cast("Sequence[T]", (await self.execute(query, values)).all())

    @abstractmethod
    async def execute(
        self, statement: Executable, values: Values = NOTHING
    ) -> Result[Any]: ...  # Any: an Executable does not say which columns it selects

    async def scalar(
        self, statement: Executable, values: Values = NOTHING
    ) -> Any:  # Any: as with `execute`
        return of_one_column(await self.execute(statement, values)).scalar()

    async def scalars(
        self, statement: Executable, values: Values = NOTHING
    ) -> ScalarResult[Any]:  # Any: as with `execute`
        return of_one_column(await self.execute(statement, values)).scalars()

    async def total(self, count: Count, values: Values = NOTHING) -> int:
        """Return the exact number of rows."""
        total: int = await self.scalar(count.statement, values)
        return total

    async def sample(self, statement: Select[T]) -> Sequence[T]:
        """Return some values of a table, up to a minute old, by which a query is chosen."""
        return (await self.scalars(statement)).all()

    async def both(self, first: Read[T], second: Read[U]) -> tuple[T, U]:
        """Return the results of two reads, made one after the other or at the same time."""
        return await first(), await second()

    async def close(self) -> None:  # noqa: B027 (some have no connections)
        """Close all connections."""


class ReadsInTransaction(ReadConnection):
    """Reads in the open transaction, which see its changes."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def execute(self, statement: Executable, values: Values = NOTHING) -> Selected:
        must_select(statement)

        def flush_and_execute(session: Session) -> Selected:
            session.flush()
            return session.connection().execute(statement, values)

        with translate_busy_errors():
            return await self._session.run_sync(flush_and_execute)


class PlannedReads(ReadConnection):
    """Reads outside transactions; a statement object has a plan from its second run on."""

    transient: tuple[type[Exception], ...] = ()
    """Errors of the driver after which the statement is executed again, on another connection."""

    def __init__(
        self, engine: AsyncEngine, totals: CachedCounts, statement_timeout_s: float
    ) -> None:
        self._engine = engine
        self._totals = totals
        self._known: WeakKeyDictionary[Executable, KnownStatement] = WeakKeyDictionary()
        self._samples: WeakKeyDictionary[Executable, tuple[Sequence[object], float]] = (
            WeakKeyDictionary()
        )
        self.statement_timeout_s = statement_timeout_s
        self._slow_limit = ConcurrencyLimit(SLOW, MAX_WAITING, statement_timeout_s)
        self._unlimited_limit = ConcurrencyLimit(UNLIMITED)

    async def execute(self, statement: Executable, values: Values = NOTHING) -> Selected:
        known = self._known.get(statement) or self._remember(statement)
        if (plan := known.plan) is None:
            known.runs += 1
            if known.runs == PLANNED_RUN:
                known.plan = compile_statement(statement, self._engine.dialect)
            return await self._execute_plainly(known, statement, values)
        try:
            bound = plan.bind(values)
            return plan.result(await self._in_lane(known, self._fetch, plan.sql, bound))
        except Unavailable:
            raise
        except self.transient:
            return await self._execute_plainly(known, statement, values)
        except Exception as error:
            result = await self._execute_plainly(
                known, statement, values
            )  # may raise a better error
            note_fallback("plan", plan.sql, error)
            return result

    async def total(self, count: Count, values: Values = NOTHING) -> int:
        """Return the number of rows, cached until a commit changes a table, two seconds at most."""
        return await self._totals.get(count, values, self.scalar)

    async def sample(self, statement: Select[T]) -> Sequence[T]:
        values, until = self._samples.get(statement, ((), 0.0))
        if monotonic() > until:
            values = await super().sample(statement)
            self._samples[statement] = values, monotonic() + SAMPLE_S
        return cast("Sequence[T]", values)

    async def both(self, first: Read[T], second: Read[U]) -> tuple[T, U]:
        """Return the results of two reads at the same time; if one fails, cancel the other."""
        tasks = create_task(first()), create_task(second())
        try:
            return await gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            raise

    def _remember(self, statement: Executable) -> KnownStatement:
        known = self._known[statement] = KnownStatement(statement)
        return known

    async def _execute_plainly(
        self, known: KnownStatement, statement: Executable, values: Values
    ) -> Selected:
        """Execute by SQLAlchemy, and once more if the connection was lost or is outdated."""
        must_select(statement)
        with translate_busy_errors(reading=True):
            try:
                return await self._in_lane(known, self._ask, statement, values)
            except DBAPIError as error:
                if not (error.connection_invalidated or is_repeatable(error)):
                    raise
            return await self._in_lane(known, self._ask, statement, values)

    async def _in_lane(self, known: KnownStatement, call: AsyncCall[T], *args: object) -> T:
        lane = Lane.unlimited if is_exempt() else known.lane
        while lane is Lane.quick or lane is Lane.trial:
            try:
                return await call(lane, known, *args)
            except Overran:
                lane = known.overran(lane)
        try:
            if lane is Lane.reserved:
                return await call(lane, known, *args)
            if is_limited():
                async with self._slow_limit:
                    return await call(Lane.slow, known, *args)
        except Overran:
            raise TooSlow from None
        async with self._unlimited_limit:
            return await call(Lane.unlimited, known, *args)

    @abstractmethod
    def _fetch(
        self, lane: Lane, known: KnownStatement, sql: str, values: Parameters
    ) -> Awaitable[Rows]:
        """Return the driver's rows, in the order of the SELECT. Raises Overran."""

    @abstractmethod
    def _ask(
        self, lane: Lane, known: KnownStatement, statement: Executable, values: Values
    ) -> Awaitable[Selected]:
        """Return the result of SQLAlchemy. Raises Overran."""


def of_one_column(result: Selected) -> Selected:
    if len(result.keys()) > 1:
        raise RuntimeError("A read hands out rows, of several columns here: use execute().")
    return result


def must_select(statement: Executable) -> None:
    if not (statement.is_select or isinstance(statement, TextClause)):
        raise RuntimeError("A change inside read() is never saved: use transaction().")
