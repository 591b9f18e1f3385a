"""Search: plain text, whatever its case and characters, kept up by the database itself."""

from sqlite3 import connect
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text, update

from core.data.database import Database
from core.data.queries import Listing
from core.data.search import Kind, found_in, search_values
from core.kernel.pages import PageRequest
from tests.core.data.tables import SEARCH, Thing

pytestmark = pytest.mark.usefixtures("heard")

INDEXED = Listing(sort=(Thing.name, Thing.id), search=SEARCH, default="name")
SCANNED = Listing(sort=(Thing.name, Thing.id), search=(Thing.name, Thing.body), default="name")
EVERY = select(Thing)

TEXTS = {
    "percent": "100% sure",
    "underscore": "snake_case",
    "backslash": r"C:\temp and / more",
    "quotes": """she said "hello" and 'bye'""",
    "operators": "NEAR(a b) AND NOT c* OR -d ^e {f} (g)",
    "umlauts": "ÄÖÜ straße ÉCOLE",
    "greek": "ΑΒΓ ΔΕΖ",
    "emoji": "a 🎉 party 🎉",
    "lines": "first line\nsecond line",
    "mixed": "MiXeD CaSe",
    "short": "ab",
}
SEARCHES = [
    *("%", "_", "100%", "%%%", "___", "e_c", "_case", "\\", r":\t", "/", " / ", "/%", "'bye'"),
    *('"', '"hello"', '"""', "'", "NEAR(", "AND", "NOT c*", "*", "c* OR -d", "^e {f}", ")", "(g)"),
    *("äöü", "ÄÖÜ", "école", "ab", "αβγ", "🎉", "🎉 p", "line\nsec", "mixed case", "MIXED", "zzz"),
    *("abc" * 33, "%a" * 50, "a OR", 'a" OR "b', "--", ";", ":x", "::", "?", "$1", "%s", "%(x)s"),
]


async def fill(db: Database) -> None:
    async with db.transaction() as session:
        session.add_all([Thing(name=name, body=body) for name, body in TEXTS.items()])


async def found(db: Database, wanted: str, listing: Listing = INDEXED) -> list[str]:
    async with db.read() as reads:
        rows: Any = await listing.page(reads, EVERY, PageRequest(search=wanted, per_page=100))
    assert rows.total == len(rows.items)
    return [row.name for row in rows.items]


async def test_text_is_found_literally_and_in_any_case(db: Database) -> None:
    await fill(db)
    for wanted in SEARCHES:
        low = wanted.lower()
        there = sorted(k for k, v in TEXTS.items() if low in v.lower() or low in k.lower())
        assert await found(db, wanted) == there, wanted
        assert await found(db, wanted, SCANNED) == there, wanted


async def test_the_index_follows_every_change(db: Database) -> None:
    await fill(db)
    assert await found(db, "100% sure") == ["percent"]
    async with db.transaction() as session:
        changing = update(Thing).where(Thing.name == "percent")
        await session.execute(changing.values(body="seldom", count=Thing.count + 1))
    assert (await found(db, "100% sure"), await found(db, "seldom")) == ([], ["percent"])
    async with db.transaction() as session:
        await session.execute(update(Thing).where(Thing.name == "percent").values(count=9))
        await session.execute(delete(Thing).where(Thing.name == "mixed"))
        session.add(Thing(name="later", body="mixed feelings"))
    assert (await found(db, "mixed"), await found(db, "seldom")) == (["later"], ["percent"])


async def test_what_is_rolled_back_is_not_found(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as session:
            session.add(Thing(name="never", body="was here"))
            await session.flush()
            async with db.read() as reads:
                rows = await INDEXED.page(reads, EVERY, PageRequest(search="was here"))
            assert rows.total == 1
            raise ZeroDivisionError
    assert await found(db, "was here") == []


async def test_a_vacuum_moves_no_row_to_another_text(db: Database, url: str) -> None:
    await fill(db)
    async with db.transaction() as session:
        await session.execute(delete(Thing).where(Thing.name.in_(["backslash", "emoji"])))
    if db.engine.dialect.name == "sqlite":
        file = connect(url.removeprefix("sqlite:///"), isolation_level=None)
        file.execute("VACUUM")
        file.close()
    for name, body in TEXTS.items():
        there = [] if name in ("backslash", "emoji") else [name]
        assert name == "short" or await found(db, body) == there


async def test_the_index_is_used(db: Database) -> None:
    """A rare text among many is looked up, not scanned for."""
    await fill(db)
    async with db.transaction() as session:
        connection = await session.connection()
        for number in range(300):
            session.add(Thing(name=f"other {number}", body=str(UUID(int=number))))
        await session.flush()
        explain = "EXPLAIN QUERY PLAN "
        if connection.dialect.name == "postgresql":
            await session.execute(text("SET LOCAL enable_seqscan = off"))
            explain = "EXPLAIN "
        query = EVERY.where(found_in(SEARCH, Kind.of("snake_case"))).params(
            **search_values("snake_case")
        )
        compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        plan = [str(row) for row in await connection.exec_driver_sql(explain + str(compiled))]
    assert "things_search" in "\n".join(plan)
    assert "SCAN things'" not in plan, plan
