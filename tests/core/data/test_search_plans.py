"""Each way to search finds the same rows, and the database takes the one that costs least."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text

from core.data.database import Database
from core.data.queries import Listing
from core.data.search import COMMON, SAMPLE, Way, all_matches, found_in, search_values, way_to
from core.engine.sql.reads import PlannedReads
from core.kernel.clock import utc_now
from core.kernel.folding import fold
from core.kernel.ids import uuid7
from core.kernel.pages import PageRequest
from tests.core.data.recorded import RecordedReads
from tests.core.data.searched_things import INDEXED, NARROWED, SELECT_ALL, fill, found
from tests.core.data.tables import SEARCH, Thing

pytestmark = pytest.mark.usefixtures("heard")


async def test_a_common_text_is_met_on_a_walk(db: Database) -> None:
    """Its total and its pages equal those of the index, in each order."""
    now = utc_now()
    rows = [
        {
            "id": uuid7(),
            "name": f"{number:05}",
            "body": "rare and common" if number % 500 == 7 else "Common" if number % 20 else "none",
            "created_at": now,
            "updated_at": now,
        }
        for number in range(2 * SAMPLE)
    ]
    async with db.transaction() as tx:
        await tx.session.execute(insert(Thing), rows)
    for wanted, way, total in (("common", Way.walk_and_scan, 760), ("rare", Way.look_up, 2)):
        async with db.read() as reads:
            assert way_to(wanted, await reads.sample(SEARCH.sample)) is way
        for sort in ("name", "-name"):
            by_page = await page_of(db, search=wanted, sort=sort, page=2, per_page=4)
            by_cursor = await page_of(db, search=wanted, sort=sort, by_cursor=True, per_page=8)
            assert (by_page.total, by_cursor.total) == (total, total)
            assert [*names(by_cursor)[4:]] == names(by_page)
        narrow = await page_of(db, search=wanted, filters={"name": "00007"})
        assert (narrow.total, names(narrow)) == (1, ["00007"])


async def test_a_condition_that_every_searched_row_meets_needs_no_look(db: Database) -> None:
    """A total then needs only the index; a row outside the condition has no text."""
    unranked = Thing.rank.is_(None)
    query = SELECT_ALL.where(unranked)
    listing = Listing(sort=(Thing.name, Thing.id), search=SEARCH, searchable=unranked)
    await fill(db)
    async with db.transaction() as tx:
        tx.session.add(Thing(name="\n", body="", rank=1))
    for wanted in ("e", "as", "snake", "zzz"):
        asked = PageRequest(search=wanted, per_page=1)
        async with db.read() as reads:
            total = (await listing.page(reads, query, asked)).total
            assert total == (await INDEXED.page(reads, query, asked)).total, wanted
    for number, way in ((0, Way.look_up), (COMMON, Way.walk), (SAMPLE, Way.walk_and_scan)):
        sample = ["as"] * number + [""] * (SAMPLE - number)
        assert way_to("as", sample) is way
        async with db.read() as reads:
            recorded = RecordedReads(reads, sample)
            await listing.page(recorded, query, PageRequest(search="as", per_page=1))
        [counted] = recorded.counted
        assert "rank" not in str(counted.compile(db.engine))


VARIED = [
    f"{'the winter' if at % 2 else 'winter of the lighthouse'} {chr(0xAC00 + at)}가나 'x' {at}"
    for at in range(120)
] + ["안녕하세요", "quiz", "a\\b", "'' \"\"", "&|!:*<->", "q"]
"""Texts in which each word except the last few is in many rows."""


@pytest.mark.parametrize("way", Way)
async def test_each_way_finds_what_contains_the_text(db: Database, way: Way) -> None:
    """The texts have one to many characters, and are common, rare or absent."""
    texts = {f"{at:03}": text for at, text in enumerate(VARIED)}
    async with db.transaction() as tx:
        tx.session.add_all([Thing(name=name, body=body) for name, body in texts.items()])
    rows = select(Thing.name).where(found_in(SEARCH, way)).order_by(Thing.name)
    for wanted in (
        *("e", "t", "q", "z", "가", "나", "힣", "'", '"', "\\", "*", "&", " ", "0", "뷁"),
        *(
            "th",
            "TE",
            "qu",
            "나 ",
            "안녕",
            "녕하",
            "zq",
            "''",
            '""',
            "a\\",
            ":*",
            "->",
        ),
        *("the", "Win", "abc", "'x'", "uiz", "세요\n", "세요", "\\b\n"),
        *("the winter", "winter of", "of the w", "thewinter", "lighthouse 가", "winter the", "<->"),
    ):
        low = fold(wanted)
        there = [name for name, body in texts.items() if low in fold(f"{name}\n{body}")]
        values = search_values(wanted)
        async with db.read() as reads:
            assert list((await reads.scalars(rows, values)).all()) == there, wanted
            assert await reads.total(all_matches(SEARCH, way), values) == len(there), wanted


async def test_a_page_that_is_the_whole_list_is_not_counted(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db)
    counted = []
    total = PlannedReads.total

    async def count(self: Any, *args: Any) -> int:
        counted.append(args)
        return await total(self, *args)

    monkeypatch.setattr(PlannedReads, "total", count)
    for asked, times in (
        ({}, 0),
        ({"by_cursor": True}, 0),
        ({"per_page": 1, "page": 2}, 1),
        ({"per_page": 1}, 1),
        ({"per_page": 1, "by_cursor": True}, 1),
        ({"page": 9}, 1),
    ):
        del counted[:]
        rows = await page_of(db, search="case", **asked)
        assert (rows.total, len(counted)) == (2, times), asked


async def test_few_searches_read_the_sample(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(db)
    read = []
    execute = PlannedReads.execute

    async def note(self: Any, statement: Any, *args: Any) -> Any:
        read.append(statement)
        return await execute(self, statement, *args)

    monkeypatch.setattr(PlannedReads, "execute", note)
    for wanted in ("mixed", "party", "hello"):
        await found(db, wanted)
    assert read.count(SEARCH.sample) == 1


async def page_of(db: Database, **asked: Any) -> Any:
    async with db.read() as reads:
        return await NARROWED.page(reads, SELECT_ALL, PageRequest(**asked))


def names(rows: Any) -> list[str]:
    return [row.name for row in rows.items]


async def test_the_index_is_used(db: Database) -> None:
    """A rare text among many rows is found by the index, without a scan."""
    await fill(db)
    async with db.transaction() as tx:
        connection = await tx.session.connection()
        for number in range(300):
            tx.session.add(Thing(name=f"other {number}", body=str(UUID(int=number))))
        await tx.session.flush()
        explain = "EXPLAIN QUERY PLAN "
        if connection.dialect.name == "postgresql":
            await tx.session.execute(text("SET LOCAL enable_seqscan = off"))
            explain = "EXPLAIN "
        for rare in ("snake_case", "_c"):
            query = SELECT_ALL.where(found_in(SEARCH, Way.look_up)).params(**search_values(rare))
            sql = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
            rows = await connection.exec_driver_sql(explain + sql)
            plan = "\n".join(map(str, rows))
            assert "things_search" in plan
            assert "SCAN things'" not in plan and "Seq Scan" not in plan, plan
