"""A bounded cache whose values are invalidated by commits."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

from core.data.transaction_blocks import inside_transaction
from core.engine.sql import CacheVersions
from core.kernel.lru_dict import LruDict

MAX_AGE_S = 10.0
"""A limit, because a process may be killed between its commit and the invalidation."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(NamedTuple, Generic[V]):
    value: V
    generation: tuple[int, ...]
    at: float


class VersionedCache(Generic[K, V]):
    """A cache of values that are valid until one of these names changes.

    `VersionedCache(cache_versions, ["users"], 10_000)` keeps at most 10,000 values.

    Names are tables, or names that writers pass to `Database.invalidate`; only the latter reach
    other machines.
    """

    def __init__(self, cache_versions: CacheVersions, names: Sequence[str], size: int) -> None:
        self._generation = cache_versions.watch(names)
        self._kept: LruDict[K, Kept[V]] = LruDict(size)

    def get(self, key: K) -> V | None:
        """Return the value if it is cached and still valid."""
        kept = self._kept.get(key)
        if kept is None or kept.generation != self._generation():
            return None
        return kept.value if monotonic() - kept.at < MAX_AGE_S else None

    async def fetch(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """Return the cached value, or load it. A value that changes meanwhile is not kept."""
        if inside_transaction():  # its changes may still be rolled back
            return await load()
        if (known := self.get(key)) is not None:
            return known
        generation, at = self._generation(), monotonic()
        value = await load()
        if value is not None and self._generation() == generation:
            self._kept.put(key, Kept(value, generation, at))
        return value
