"""Exact totals, cached until a commit changes their tables, for at most two seconds."""

from asyncio import Task, create_task, shield, wait
from collections.abc import Callable, Coroutine
from functools import partial
from time import monotonic
from typing import Self

from sqlalchemy import Select, func, select

from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.changes import tables_in
from core.engine.sql.compiled_statements import Values
from core.kernel.lru_dict import LruDict

MAX_AGE_S = 2.0  # seconds, because a change of another machine may not be known yet


class Count:
    """The count of a query's rows. Create it once per query, because its statement is kept."""

    def __init__(self, query: Select[object]) -> None:
        self.statement = select(func.count()).select_from(query.order_by(None).subquery())
        self.tables = sorted(tables_in(query))

    @classmethod
    def of(cls, statement: Select[int], *tables: str) -> Self:
        """Return a count over these tables with a statement of its own."""
        count = cls.__new__(cls)
        count.statement, count.tables = statement, sorted(tables)
        return count


class Counting:
    """One run of a count. Callers share its total before it begins and while it is valid."""

    def __init__(
        self,
        ask: Callable[[], Coroutine[object, object, int]],
        generation: Callable[[], tuple[int, ...]],
        before: Task[int] | None,
    ) -> None:
        self._ask, self._generation = ask, generation
        self._counted: tuple[int, ...] | None = None
        self._at = 0.0
        self.total = create_task(self._count(before))

    def holds(self) -> bool:
        done = self.total.done()
        if done and (self.total.cancelled() or self.total.exception()):
            return False
        if self._counted is None:
            return True
        return self._counted == self._generation() and monotonic() - self._at < MAX_AGE_S

    async def _count(self, before: Task[int] | None) -> int:
        if before:
            await wait([before], timeout=MAX_AGE_S)
        self._counted, self._at = self._generation(), monotonic()  # before the count
        return await self._ask()


class CachedCounts:
    """Totals by count and values; each total is counted only once at a time.

    A total that a commit outdates during its count is counted again afterwards, once for all
    callers since. Otherwise all of them would count at the same time, and all would be slow.
    """

    def __init__(self, cache_versions: CacheVersions) -> None:
        self._cache_versions = cache_versions
        self._countings: LruDict[object, Counting] = LruDict(5000)

    async def get(
        self,
        count: Count,
        values: Values,
        ask: Callable[[Select[int], Values], Coroutine[object, object, int]],
    ) -> int:
        key = count, tuple(sorted(values.items()))
        counting = self._countings.get(key)
        if not (counting and counting.holds()):
            running = counting.total if counting and not counting.total.done() else None
            generation = partial(self._cache_versions.here, count.tables)
            counting = Counting(partial(ask, count.statement, values), generation, running)
            self._countings.put(key, counting)
        total = counting.total
        return total.result() if total.done() else await shield(total)
