"""Exact totals, counted again only after a commit has touched what they count."""

from asyncio import Task, create_task, shield
from collections.abc import Callable, Coroutine, Mapping
from time import monotonic
from typing import Any, NamedTuple, Self

from sqlalchemy import Select, func, select

from core.data.changes import tables_in
from core.data.generations import Generations
from core.kernel.bounded import Bounded

OLDEST = 2.0  # seconds: the net for changes made on other machines

Values = Mapping[str, Any]


class Count:
    """How many rows a query has; made once for it, like any hot statement."""

    def __init__(self, query: Select[Any]) -> None:
        self.statement = select(func.count()).select_from(query.order_by(None).subquery())
        self.tables = sorted(tables_in(query))

    @classmethod
    def of(cls, statement: Select[int], *tables: str) -> Self:
        """Return a figure of these tables that is counted by a statement of its own."""
        count = cls.__new__(cls)
        count.statement, count.tables = statement, sorted(tables)
        return count


class Remembered(NamedTuple):
    total: Task[int]
    """Whoever comes while it is being counted waits for the same."""
    generation: tuple[int, ...]
    at: float

    def holds(self, generation: tuple[int, ...], now: float) -> bool:
        failed = self.total.done() and (self.total.cancelled() or self.total.exception())
        return not failed and self.generation == generation and now - self.at < OLDEST


class Totals:
    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._known: Bounded[object, Remembered] = Bounded(5000)

    async def get(
        self,
        count: Count,
        values: Values,
        ask: Callable[[Select[int], Values], Coroutine[Any, Any, int]],
    ) -> int:
        asked, now = (count, tuple(sorted(values.items()))), monotonic()
        generation = self._generations.here(count.tables)  # first: a commit meanwhile will show
        known = self._known.get(asked)
        if not (known and known.holds(generation, now)):
            known = Remembered(create_task(ask(count.statement, values)), generation, now)
            self._known.put(asked, known)
        return await shield(known.total)
