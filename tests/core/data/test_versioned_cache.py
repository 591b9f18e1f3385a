"""What is remembered is never older than the last commit."""

from asyncio import Event, Task, create_task, gather, sleep

import pytest
from sqlalchemy import select

from core.data.database import Database
from core.data.versioned_cache import VersionedCache
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.cached_counts import CachedCounts, Count
from tests.core.data.tables import Thing
from tests.core.data.test_database import add, names

pytestmark = pytest.mark.usefixtures("heard")


class Loader:
    def __init__(self, db: Database) -> None:
        self.db, self.times = db, 0

    async def __call__(self) -> list[str]:
        self.times += 1
        return await names(self.db)


@pytest.fixture
def loader(db: Database) -> Loader:
    return Loader(db)


@pytest.fixture
def remembered(cache_versions: CacheVersions) -> VersionedCache[str, list[str]]:
    return VersionedCache(cache_versions, ["things"], 100)


async def test_it_is_loaded_once_until_a_commit(
    db: Database, loader: Loader, remembered: VersionedCache[str, list[str]]
) -> None:
    assert remembered.get("all") is None
    assert [await remembered.fetch("all", loader) for _ in range(3)] == [[], [], []]
    assert (loader.times, remembered.get("all")) == (1, [])
    await add(db, "new")
    assert remembered.get("all") is None
    assert await remembered.fetch("all", loader) == ["new"]


async def test_what_was_read_before_a_write_is_not_kept(
    db: Database, remembered: VersionedCache[str, list[str]]
) -> None:
    read, written = Event(), Event()

    async def slow() -> list[str]:
        found = await names(db)
        read.set()
        await written.wait()
        return found

    task = create_task(remembered.fetch("all", slow))
    await read.wait()
    await add(db, "new")
    written.set()
    assert await task == []
    assert remembered.get("all") is None


async def test_what_only_a_transaction_sees_is_not_kept(
    db: Database, loader: Loader, remembered: VersionedCache[str, list[str]]
) -> None:
    assert await remembered.fetch("all", loader) == []
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            tx.session.add(Thing(name="never"))
            assert await remembered.fetch("all", loader) == ["never"]
            raise ZeroDivisionError
    assert await remembered.fetch("all", loader) == []


async def test_nothing_is_kept_of_what_is_not_there(cache_versions: CacheVersions) -> None:
    remembered: VersionedCache[str, None] = VersionedCache(cache_versions, ["things"], 100)
    times = []

    async def nothing() -> None:
        times.append(1)

    for _ in range(2):
        await remembered.fetch("missing", nothing)
    assert len(times) == 2


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
    """The first goes on; the second begins after it and after all commits until then."""
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
