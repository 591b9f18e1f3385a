"""The merging of search indexes: one segment finds the same rows; PostgreSQL merges nothing."""

from collections.abc import Iterable
from random import Random

import pytest
from sqlalchemy import delete, select, text

from core.data import search_merging
from core.data.database import Database
from core.data.queries import Listing
from core.data.search_merging import merge_search_indexes
from core.data.search_tables import SEGMENTS
from core.engine.sql import CacheVersions
from core.kernel.pages import PageRequest
from tests.core.data.tables import SEARCH, Thing

pytestmark = pytest.mark.usefixtures("heard")

INDEXED = Listing(sort=(Thing.name, Thing.id), search=SEARCH, default="name")
TWELVE = [f"thing {at:02}" for at in range(SEGMENTS + 4)]


async def add_one_by_one(db: Database, things: Iterable[Thing]) -> None:
    for thing in things:
        async with db.transaction() as tx:
            tx.session.add(thing)


async def found(db: Database, wanted: str) -> list[str]:
    async with db.read() as reads:
        rows = await INDEXED.page(reads, select(Thing), PageRequest(search=wanted))
    return [thing.name for thing in rows.items]


async def segments(db: Database) -> int | None:
    """Return the number of segments of the index, or None on PostgreSQL, which has none."""
    return await number(db, "SELECT count(DISTINCT segid) FROM things_search_idx")


async def number(db: Database, statement: str) -> int | None:
    if db.engine.dialect.name != "sqlite":
        return None
    async with db.read() as reads:
        return int(await reads.scalar(text(statement)))


async def test_many_segments_become_one_that_finds_the_same_rows(db: Database) -> None:
    await add_one_by_one(db, (Thing(name=name) for name in TWELVE))
    assert await segments(db) in (len(TWELVE), None)
    await merge_search_indexes(db)
    assert await segments(db) in (1, None)
    assert await found(db, "thing") == TWELVE
    assert await found(db, "thing 07") == ["thing 07"]
    await merge_search_indexes(db)
    assert await segments(db) in (1, None)


async def test_a_merge_invalidates_no_cache(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_one_by_one(db, (Thing(name=name) for name in TWELVE))
    advanced: list[set[str]] = []
    monkeypatch.setattr(CacheVersions, "advance", lambda versions, names: advanced.append({*names}))
    await merge_search_indexes(db)
    assert await segments(db) in (1, None)
    assert set().union(*advanced) == set()


async def test_few_segments_are_left_as_they_are(db: Database) -> None:
    await add_one_by_one(db, (Thing(name=name) for name in TWELVE[:SEGMENTS]))
    await merge_search_indexes(db)
    assert await segments(db) in (SEGMENTS, None)


async def test_a_deleted_text_leaves_the_index(db: Database) -> None:
    pages = "SELECT count(*) FROM things_search_data WHERE instr(block, CAST('yva' AS BLOB))"
    await add_one_by_one(db, (Thing(name=name) for name in (*TWELVE, "zyzzyva")))
    async with db.transaction() as tx:
        await tx.session.execute(delete(Thing).where(Thing.name == "zyzzyva"))
    assert await number(db, pages) in (2, None)  # as added and as deleted
    await merge_search_indexes(db)
    assert await number(db, pages) in (0, None)
    assert await found(db, "zyzzyva") == []


async def test_an_index_that_one_step_cannot_merge_takes_several(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_merging, "PAGES", 4)
    letters = Random(7)  # noqa: S311 (no secret)
    bodies = [f"{letters.getrandbits(20_000):x}" for _ in TWELVE]
    async with db.transaction() as tx:
        tx.session.add_all([Thing(name=body[:9], body=body) for body in bodies])
    await add_one_by_one(db, (Thing(name=name) for name in TWELVE))
    before = await segments(db)
    assert before is None or before > len(TWELVE)
    await merge_search_indexes(db)
    assert await segments(db) in (1, None)
    for body in bodies:
        assert await found(db, body[100:140]) == [body[:9]]
