"""Exact totals, counted again only after a commit has touched what they count."""

from asyncio import Task, create_task, shield, wait
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from time import monotonic
from typing import Any, Self

from sqlalchemy import Select, func, select

from core.data.cache_versions import CacheVersions
from core.data.changes import tables_in
from core.kernel.lru_dict import LruDict

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


class Counting:
    """One count of one query. Who asks before it has begun, or while it holds, gets its total."""

    def __init__(
        self,
        ask: Callable[[], Coroutine[Any, Any, int]],
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
        return self._counted == self._generation() and monotonic() - self._at < OLDEST

    async def _count(self, before: Task[int] | None) -> int:
        if before:
            await wait([before], timeout=OLDEST)
        self._counted, self._at = self._generation(), monotonic()  # a later commit will show
        return await self._ask()


class CachedCounts:
    """The same is counted once at a time.

    A total that a commit has outdated meanwhile is counted again after that, once for all who have
    asked since. Otherwise each of them would count beside the others, and all would be slow.
    """

    def __init__(self, cache_versions: CacheVersions) -> None:
        self._cache_versions = cache_versions
        self._known: LruDict[object, Counting] = LruDict(5000)

    async def get(
        self,
        count: Count,
        values: Values,
        ask: Callable[[Select[int], Values], Coroutine[Any, Any, int]],
    ) -> int:
        asked = count, tuple(sorted(values.items()))
        known = self._known.get(asked)
        if not (known and known.holds()):
            running = known.total if known and not known.total.done() else None
            generation = partial(self._cache_versions.here, count.tables)
            known = Counting(partial(ask, count.statement, values), generation, running)
            self._known.put(asked, known)
        return await shield(known.total)
