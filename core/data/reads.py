"""What `db.read()` hands out: rows by SQLAlchemy at first, by the driver alone from then on."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Executable, TextClause
from sqlalchemy.engine import Result, ScalarResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from core.data.errors import saying_busy
from core.data.plans import Plan, make_plan
from core.data.totals import Count, Totals

NEW, SEEN = object(), object()
Values = Mapping[str, Any]
NOTHING: Values = {}


class ReadConnection(ABC):
    """`execute`, `scalar` and `scalars`, as an AsyncConnection has them, of a SELECT."""

    @abstractmethod
    async def execute(self, statement: Executable, values: Values = NOTHING) -> Result[Any]: ...

    async def scalar(self, statement: Executable, values: Values = NOTHING) -> Any:
        return of_one_column(await self.execute(statement, values)).scalar()

    async def scalars(self, statement: Executable, values: Values = NOTHING) -> ScalarResult[Any]:
        return of_one_column(await self.execute(statement, values)).scalars()

    async def total(self, count: Count, values: Values = NOTHING) -> int:
        """How many rows there are; exact."""
        total: int = await self.scalar(count.statement, values)
        return total

    async def close(self) -> None:  # noqa: B027 (who holds none has nothing to let go of)
        """Let go of every connection."""


class ReadsInTransaction(ReadConnection):
    """Sees what the open transaction has done so far."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def execute(self, statement: Executable, values: Values = NOTHING) -> Result[Any]:
        must_select(statement)

        def flush_and_look(session: Session) -> Result[Any]:
            session.flush()
            return session.connection().execute(statement, values)

        with saying_busy():
            return await self._session.run_sync(flush_and_look)


class PlannedReads(ReadConnection):
    """A statement object that comes back is planned; one built for the occasion never is."""

    def __init__(self, engine: AsyncEngine, totals: Totals) -> None:
        self._engine = engine
        self._totals = totals
        self._plans: WeakKeyDictionary[Executable, Any] = WeakKeyDictionary()

    async def execute(self, statement: Executable, values: Values = NOTHING) -> Result[Any]:
        known = self._plans.get(statement, NEW)
        if isinstance(known, Plan):
            with suppress(Exception):  # whatever it is: SQLAlchemy, below, knows how to say it
                return known.result(await self._fetch(known.sql, known.bind(values)))
        elif known is NEW:
            self._plans[statement] = SEEN
        elif known is SEEN:
            self._plans[statement] = make_plan(statement, self._engine.dialect)
        return await self._execute_plainly(statement, values)

    async def total(self, count: Count, values: Values = NOTHING) -> int:
        """Exact, and remembered until a commit touches what it counts."""
        return await self._totals.get(count, values, self.scalar)

    async def _execute_plainly(self, statement: Executable, values: Values) -> Result[Any]:
        """A connection may have been cut while it was idle: the next one is a new one."""
        must_select(statement)
        with saying_busy():
            try:
                return await self._ask(statement, values)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return await self._ask(statement, values)

    async def _ask(self, statement: Executable, values: Values) -> Result[Any]:
        async with self._engine.connect() as connection:
            return (await connection.execute(statement, values)).freeze()()

    @abstractmethod
    async def _fetch(self, sql: str, values: list[Any]) -> Any:
        """The driver's rows, in the order of the SELECT."""


def of_one_column(result: Result[Any]) -> Result[Any]:
    if len(result.keys()) > 1:
        raise RuntimeError("A read hands out rows, of several columns here: use execute().")
    return result


def must_select(statement: Executable) -> None:
    if not (statement.is_select or isinstance(statement, TextClause)):
        raise RuntimeError("A change inside read() is never saved: use transaction().")
