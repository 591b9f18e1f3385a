"""Lists by page, and reads of one row: sorted, searched, filtered, and counted."""

from asyncio import gather
from datetime import timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Executable, Result, bindparam, delete, func, select

from core.data.database import Database
from core.data.queries import Listing
from core.data.rows import select_rows
from core.engine.sql import NOTHING, Count, ReadConnection, Values
from core.kernel.errors import InvalidInput, NotFound
from core.kernel.pages import PageRequest
from core.kernel.value_listing import ValueListing
from tests.core.data.lists_of_things import (
    BARE,
    BEGINNING,
    RANKED,
    SELECT_ALL,
    SORT,
    THINGS,
    fill,
    names,
    page,
)
from tests.core.data.named_things import add
from tests.core.data.recorded import RecordedReads
from tests.core.data.tables import SEARCH, Thing

pytestmark = pytest.mark.usefixtures("heard")

SMALL = select(Thing).where(Thing.count < bindparam("limit"))


class ThingNotFound(NotFound):
    code = "tests.not_found"
    title = "No such thing."


async def test_pages_cover_the_list_in_order(db: Database) -> None:
    await fill(db)
    for _ in range(3):
        pages = [await page(db, page=number, per_page=10, sort="name") for number in (1, 2, 3, 4)]
        assert [len(each.items) for each in pages] == [10, 10, 5, 0]
        assert {each.total for each in pages} == {25}
        assert [*chain(*map(names, pages))] == [f"thing {number:02}" for number in range(25)]


class NotedReads(ReadConnection):
    """Reads of pages whose statements are recorded."""

    def __init__(self, reads: ReadConnection) -> None:
        self._reads = reads
        self.statements: list[Executable] = []

    async def execute(self, statement: Executable, values: Values = NOTHING) -> Result[Any]:
        self.statements.append(statement)
        return await self._reads.execute(statement, values)

    async def total(self, count: Count, values: Values = NOTHING) -> int:
        return await self._reads.total(count, values)


async def test_deep_pages_have_a_statement_of_their_own(db: Database) -> None:
    async with db.read() as reads:
        noted = NotedReads(reads)
        for number in (1, 100, 101, 200):
            await THINGS.page(noted, SELECT_ALL, PageRequest(page=number, per_page=10))
    first, last_of_first, deep, deeper = noted.statements
    assert first is last_of_first and deep is deeper and first is not deep


async def test_the_newest_come_first_and_ties_go_by_id(db: Database) -> None:
    await fill(db)
    rows = (await page(db, per_page=100)).items
    found = [(row.created_at, row.id) for row in rows]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "sort", ["", "age", "-", "--name", "name,", "name,name", "name,-name", "_x"]
)
async def test_an_unknown_key_is_named(db: Database, sort: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await page(db, sort=sort or " ")
    assert [each.location for each in refused.value.errors] == ["query.sort"]


async def test_the_total_is_exact_after_every_write(db: Database) -> None:
    for number in range(5):
        assert (await page(db)).total == number
        assert (await page(db)).total == number, "remembered"
        await add(db, str(number))
    async with db.transaction() as tx:
        await tx.session.execute(delete(Thing).where(Thing.name == "1"))
        async with db.read() as reads:
            inside = await THINGS.page(reads, SELECT_ALL, PageRequest())
        assert inside.total == 4, "inside the transaction it counts for itself"
    assert (await page(db)).total == 4


async def test_the_total_is_never_behind_one_s_own_write(db: Database) -> None:
    """Many tasks write and read concurrently; each sees its own write in the total."""
    written = 0

    async def write_and_look(number: int) -> None:
        nonlocal written
        await add(db, str(number))
        written += 1
        at_least = written
        assert (await page(db)).total >= at_least

    await gather(*(write_and_look(number) for number in range(60)))
    assert (await page(db)).total == 60


async def test_values_of_the_query_have_totals_of_their_own(db: Database) -> None:
    await fill(db)
    async with db.read() as reads:
        for limit, total in ((1, 9), (2, 17), (3, 25), (1, 9)):
            for _ in range(3):
                rows = await THINGS.page(reads, SMALL, PageRequest(), {"limit": limit})
                assert rows.total == total


async def test_a_filter_is_equality(db: Database) -> None:
    await fill(db)
    for _ in range(3):
        found = await page(db, filters={"count": 2}, per_page=100)
        assert found.total == len(found.items) == 8 and {it.count for it in found.items} == {2}
        both = await page(db, filters={"count": 2, "rank": 1}, per_page=100)
        assert both.total == len(both.items) == 1
        named = await page(db, BARE, filters={"how_many": 0}, per_page=100)
        assert named.total == 9
    with pytest.raises(InvalidInput, match=r"query\.colour"):
        await page(db, filters={"colour": 1})


async def test_a_range_has_both_ends_and_either(db: Database) -> None:
    await fill(db)
    days = [BEGINNING + timedelta(days=day) for day in range(4)]
    for _ in range(3):
        for ends, wanted in (
            ({"created_at_gte": days[1]}, 18),
            ({"created_at_gt": days[1]}, 11),
            ({"created_at_lte": days[1]}, 14),
            ({"created_at_lt": days[1]}, 7),
            ({"created_at_gt": days[0], "created_at_lt": days[2], "count": 1}, 3),
            ({"created_at_gt": days[3]}, 0),
        ):
            found = await page(db, filters=ends, per_page=100, sort="name")
            assert found.total == len(found.items) == wanted, ends
        narrow = await page(db, RANKED, filters={"rank_gte": 2, "rank_lt": 4}, per_page=100)
        assert {each.rank for each in narrow.items} == {2, 3} and narrow.total == len(narrow.items)
    with pytest.raises(InvalidInput, match=r"query\.rank_gte"):
        await page(db, filters={"rank_gte": 2})


async def test_a_list_is_sorted_by_its_newest_or_its_first_key() -> None:
    assert (THINGS.default, RANKED.default) == ("-created_at", "rank")
    assert ValueListing(("module", "name")).default == "module"
    assert ValueListing(("name", "created_at")).default == "-created_at"


async def test_a_list_without_search_says_so(db: Database) -> None:
    with pytest.raises(InvalidInput, match=r"query\.search"):
        await page(db, BARE, search="x")


async def test_a_query_returns_one_row_or_none(db: Database) -> None:
    await add(db, "here")
    one = select_rows(Thing).where(Thing.name == bindparam("wanted"))
    for _ in range(3):
        async with db.read() as reads:
            row = await reads.one(one, {"wanted": "here"}, missing=ThingNotFound)
            assert row.name == "here" and isinstance(row.id, UUID)
            with pytest.raises(ThingNotFound):
                await reads.one(one, {"wanted": "there"}, missing=ThingNotFound)
    async with db.transaction() as tx:
        thing = await tx.get(Thing, row.id, name="here", missing=ThingNotFound)
        await tx.update(thing, {"count": 5})
        with pytest.raises(ThingNotFound):
            await tx.get(Thing, row.id, name="there", missing=ThingNotFound)
    async with db.read() as reads:
        assert await reads.scalar(select(func.max(Thing.count))) == 5


async def test_a_row_is_read_by_its_key_and_by_the_values_of_columns(db: Database) -> None:
    await add(db, "here")
    [thing] = (await db.page(THINGS, Thing, PageRequest())).items
    for _ in range(3):
        row = await db.get(Thing, thing.id, name="here", missing=ThingNotFound)
        assert (row.id, row.name) == (thing.id, "here")
        with pytest.raises(ThingNotFound):
            await db.get(Thing, thing.id, name="there", missing=ThingNotFound)
    async with db.transaction() as tx:
        await tx.update(await tx.get(Thing, thing.id, missing=ThingNotFound), {"name": "there"})
        assert (await db.get(Thing, thing.id, missing=ThingNotFound)).name == "there"


async def test_a_list_of_a_class_has_the_rows_with_the_values_of_its_scope(db: Database) -> None:
    await fill(db)
    scoped = Listing(sort=SORT, scope=(Thing.count,))
    for wanted in (0, 1, 2):
        rows = await db.page(scoped, Thing, PageRequest(), count=wanted)
        assert {row.count for row in rows.items} == {wanted}
        assert rows.total == len(rows.items)
    few = await db.page(
        THINGS, select_rows(Thing).where(Thing.count < bindparam("limit")), PageRequest(), limit=1
    )
    assert {row.count for row in few.items} == {0}


async def test_a_list_of_a_class_takes_the_values_of_its_scope_and_no_other(db: Database) -> None:
    """A value that no condition uses would return the rows of every owner."""
    scoped = Listing(sort=SORT, scope=(Thing.count,))
    for listing, values in (
        (THINGS, {"count": 1}),
        (scoped, {}),
        (scoped, {"count": 1, "rank": 2}),
    ):
        with pytest.raises(TypeError, match="takes the values of its scope"):
            await db.page(listing, Thing, PageRequest(), **values)
        with pytest.raises(TypeError, match="takes the values of its scope"):
            async for _ in db.batches(listing, Thing, **values):
                pass


async def test_statements_are_built_once_for_each_combination(db: Database) -> None:
    listing = Listing(sort=SORT, search=SEARCH, filters=(Thing.count,))
    async with db.read() as reads:
        recorded = RecordedReads(reads)
        for number in range(40):
            filters = {"count": number % 3}
            asked = PageRequest(search=f"abc{number}", filters=filters, page=number + 1)
            await listing.page(recorded, SELECT_ALL, asked)
    assert len(recorded.selected) == 40
    assert len({*recorded.selected}) == len({*recorded.counted}) == 1
