"""A cached value is never older than the last commit."""

from asyncio import Event, create_task

import pytest

from core.data.database import Database
from core.data.versioned_cache import VersionedCache
from core.engine.sql.cache_versions import CacheVersions
from tests.core.data.named_things import add, names
from tests.core.data.tables import Thing

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
