"""A cached total is as new as the last commit, and is counted once at a time."""

from asyncio import Event, Task, create_task, gather, sleep

import pytest
from sqlalchemy import select

from core.data.database import Database
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.cached_counts import CachedCounts, Count
from tests.core.data.named_things import add, names
from tests.core.data.tables import Thing

pytestmark = pytest.mark.usefixtures("heard")


async def test_a_total_is_counted_once_until_a_commit(
    db: Database, cache_versions: CacheVersions
) -> None:
    totals, count, asked = CachedCounts(cache_versions), Count(select(Thing)), []

    async def ask(statement: object, _: object) -> int:
        asked.append(statement)
        return len(await names(db))

    assert [await totals.get(count, {}, ask) for _ in range(3)] == [0, 0, 0]
    assert len(asked) == 1
    await add(db, "new")
    assert [await totals.get(count, {}, ask) for _ in range(3)] == [1, 1, 1]
    assert len(asked) == 2


async def test_who_asks_after_a_commit_shares_the_next_count(cache_versions: CacheVersions) -> None:
    """The first count continues; the second begins after it and sees all commits until then."""
    totals, count = CachedCounts(cache_versions), Count(select(Thing))
    asked: list[Task[int]] = []
    begun: list[int] = []
    may_end = Event()

    async def ask(*_: object) -> int:
        begun.append(seen := len(asked))
        await may_end.wait()
        return seen

    for _ in range(8):
        cache_versions.advance([Thing.__tablename__])
        asked.append(create_task(totals.get(count, {}, ask)))
        await sleep(0.001)
    assert begun == [1]
    may_end.set()
    assert await gather(*asked) == [1, *[8] * 7]
    assert begun == [1, 8]


async def test_a_count_that_failed_is_not_remembered(cache_versions: CacheVersions) -> None:
    totals, count = CachedCounts(cache_versions), Count(select(Thing))

    async def fail(*_: object) -> int:
        raise ZeroDivisionError

    async def succeed(*_: object) -> int:
        return 7

    with pytest.raises(ZeroDivisionError):
        await totals.get(count, {}, fail)
    assert await totals.get(count, {}, succeed) == 7
