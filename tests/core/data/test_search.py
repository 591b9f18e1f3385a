"""Search: plain text in any case and script, indexed by the database itself."""

from sqlite3 import connect
from unicodedata import category

import pytest
from sqlalchemy import String, bindparam, delete, func, select, update

from core.data.database import Database
from core.kernel.folding import fold
from core.kernel.pages import PageRequest
from tests.core.data.searched_things import INDEXED, SCANNED, SELECT_ALL, TEXTS, fill, found
from tests.core.data.tables import Thing
from tests.core.kernel.test_folding import ASSIGNED

pytestmark = pytest.mark.usefixtures("heard")

SEARCHES = [
    *("%", "_", "100%", "%%%", "___", "e_c", "_case", "\\", r":\t", "/", " / ", "/%", "'bye'"),
    *('"', '"hello"', '"""', "'", "NEAR(", "AND", "NOT c*", "*", "c* OR -d", "^e {f}", ")", "(g)"),
    *("äöü", "ÄÖÜ", "école", "ab", "αβγ", "🎉", "🎉 p", "line\nsec", "mixed case", "MIXED", "zzz"),
    *(
        "안녕",
        "녕하",
        "분",
        "러분",
        "없음",
        "ISTANBUL",
        "istanbul",
        "Ecole",
        "ΆΒΓ",
        "a",
        "b",
        "🎉 ",
        "B",
    ),
    *("abc" * 33, "%a" * 50, "a OR", 'a" OR "b', "--", ";", ":x", "::", "?", "$1", "%s", "%(x)s"),
]


async def test_text_is_found_literally_and_in_any_case(db: Database) -> None:
    await fill(db)
    for wanted in SEARCHES:
        low = fold(wanted)
        there = sorted(k for k, v in TEXTS.items() if low in fold(v) or low in fold(k))
        assert await found(db, wanted) == there, wanted
        assert await found(db, wanted, SCANNED) == there, wanted


async def test_the_index_follows_every_change(db: Database) -> None:
    await fill(db)
    assert await found(db, "100% sure") == ["percent"]
    async with db.transaction() as tx:
        changing = update(Thing).where(Thing.name == "percent")
        await tx.session.execute(changing.values(body="seldom", count=Thing.count + 1))
    assert (await found(db, "100% sure"), await found(db, "seldom")) == ([], ["percent"])
    async with db.transaction() as tx:
        await tx.session.execute(update(Thing).where(Thing.name == "percent").values(count=9))
        await tx.session.execute(delete(Thing).where(Thing.name == "mixed"))
        tx.session.add(Thing(name="later", body="mixed feelings"))
    assert (await found(db, "mixed"), await found(db, "seldom")) == (["later"], ["percent"])


async def test_what_is_rolled_back_is_not_found(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            tx.session.add(Thing(name="never", body="was here"))
            await tx.session.flush()
            async with db.read() as reads:
                rows = await INDEXED.page(reads, SELECT_ALL, PageRequest(search="was here"))
            assert rows.total == 1
            raise ZeroDivisionError
    assert await found(db, "was here") == []


async def test_a_vacuum_moves_no_row_to_another_text(db: Database, url: str) -> None:
    await fill(db)
    async with db.transaction() as tx:
        await tx.session.execute(delete(Thing).where(Thing.name.in_(["backslash", "emoji"])))
    if db.engine.dialect.name == "sqlite":
        file = connect(url.removeprefix("sqlite:///"), isolation_level=None)
        file.execute("VACUUM")
        file.close()
    for name, body in TEXTS.items():
        there = [] if name in ("backslash", "emoji") else [name]
        assert name == "short" or await found(db, body) == there


async def test_the_database_folds_as_we_do(db: Database) -> None:
    """All characters are folded, a thousand at a time, also if the database locale folds none."""
    folding = select(func.search_fold(bindparam("text", type_=String())))
    async with db.read() as reads:
        for start in range(0, len(ASSIGNED), 1000):
            some = "".join(ASSIGNED[start : start + 1000]).replace("\0", "")
            assert await reads.scalar(folding, {"text": some}) == fold(some)


async def test_every_text_is_found_by_itself_in_any_case(db: Database) -> None:
    """Texts of all characters are found by a part of each."""
    letters = "".join(it for it in ASSIGNED if category(it) not in ("Cc", "Zl", "Zp"))
    parts = [letters[start : start + 5000] for start in range(0, len(letters), 5000)]
    async with db.transaction() as tx:
        tx.session.add_all([Thing(name=f"{at:03}", body=part) for at, part in enumerate(parts)])
    for at, part in enumerate(parts):
        wanted = part[at * 83 % 4900 :][:60]
        simple = "".join(it.upper() if len(it.upper()) == 1 else it for it in wanted)
        for variant in (simple, wanted[:2])[at % 2 :][:1]:
            assert f"{at:03}" in await found(db, variant), variant
