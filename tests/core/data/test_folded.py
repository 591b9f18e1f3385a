"""Folded copies follow their texts in each way of writing, and lists are sorted by them."""

from typing import Any

import pytest
from sqlalchemy import bindparam, func, insert, select, update

from core.data.database import Database
from core.data.folded import own_columns
from core.data.queries import Listing
from core.kernel.clock import utc_now
from core.kernel.folding import fold
from core.kernel.ids import uuid7
from core.kernel.pages import PageRequest
from tests.core.data.tables import WORDS, Word

pytestmark = pytest.mark.usefixtures("heard")

LISTING = Listing(sort=(Word.text, Word.id))
SELECT_ALL = select(*own_columns(Word))
BY_TEXT = SELECT_ALL.where(Word.text == bindparam("wanted"))
COPY = select(Word.text_folded).where(Word.id == bindparam("wanted"))
SORTED = ["Äpfel", "apple", "Banana", "ÉCLAIR", "zebra", "Ωμέγα", "Ёлка", "가나"]


def row(text: str) -> dict[str, Any]:
    now = utc_now()
    return {"id": uuid7(), "version": 1, "text": text, "created_at": now, "updated_at": now}


async def copies(db: Database) -> dict[str, str]:
    async with db.read() as reads:
        rows = await reads.execute(select(Word.text, Word.text_folded))
        return {each.text: each.text_folded for each in rows}


async def test_every_insert_writes_the_copy(db: Database) -> None:
    async with db.transaction() as tx:
        tx.session.add(Word(text="By the Session"))
        added = await tx.insert(Word, text="By add_row É")
        await tx.session.execute(insert(Word).values(row("By an INSERT")))
        await tx.session.execute(insert(WORDS), [row("Of Many Ä"), row("Of Many Ö")])
        assert added.text_folded == fold("By add_row É")
    written = await copies(db)
    assert len(written) == 5 and all(copy == fold(text) for text, copy in written.items())


async def test_every_update_writes_the_copy(db: Database) -> None:
    async def change(way: str) -> None:
        async with db.transaction() as tx:
            word = Word(text="Before")
            tx.session.add(word)
            await tx.session.flush()
            named = update(WORDS).where(WORDS.c.id == word.id)
            if way == "session":
                word.text = f"{way} É"
            elif way == "values":
                await tx.session.execute(named.values(text=f"{way} É", version=2))
            elif way == "entities":
                await tx.session.execute(
                    update(Word).where(Word.id == word.id).values(text=f"{way} É")
                )
            elif way == "parameters":
                connection = await tx.session.connection()
                await connection.execute(named, {"text": f"{way} É"})
            else:
                await tx.update(word, {"text": f"{way} É"})

    ways = ["session", "values", "entities", "parameters", "planned"]
    for way in ways:
        for _ in range(2):
            await change(way)
    assert await copies(db) == {f"{way} É": f"{way} e" for way in ways}


async def test_another_change_leaves_the_copy_as_it_is(db: Database) -> None:
    async with db.transaction() as tx:
        tx.session.add(Word(text="Kept"))
        await tx.session.flush()
        await tx.session.execute(update(WORDS).values(version=7))
        with pytest.raises(TypeError, match="to a value"):
            await tx.session.execute(update(WORDS).values(text=func.upper(WORDS.c.text)))
    assert await copies(db) == {"Kept": "kept"}


@pytest.mark.parametrize("sign", ["", "-"])
async def test_lists_are_sorted_by_the_copy_then_by_code_point(db: Database, sign: str) -> None:
    async with db.transaction() as tx:
        for text in sorted(SORTED, key=len):
            tx.session.add(Word(text=text))
    wanted = SORTED[::-1] if sign else SORTED
    visited: list[str] = []
    after: Any = None
    async with db.read() as reads:
        whole = await LISTING.page(reads, SELECT_ALL, PageRequest(sort=f"{sign}text"))
        while len(visited) < len(SORTED):
            asked = PageRequest(sort=f"{sign}text", by_cursor=True, per_page=3, after=after)
            part = await LISTING.page(reads, SELECT_ALL, asked)
            visited += [each.text for each in part.items]
            after = part.last
    assert [each.text for each in whole.items] == wanted == visited and after is None


PLANNED = update(Word).values(updated_at=Word.updated_at)
"""An UPDATE without a default from Python, so that it has a plan."""
RENAME = PLANNED.where(Word.text == bindparam("old")).values(text=bindparam("new"))
RENAME_ALL = PLANNED.values(text="Ünder")


async def test_a_constant_update_writes_the_copy_or_is_refused(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.insert(Word, text="Old")
        for _ in range(2):  # the second time it is planned
            with pytest.raises(TypeError, match=r"set by tx\.update"):
                await tx.execute(RENAME, {"old": "Old", "new": "New"})
        await tx.execute(RENAME_ALL)
    assert await copies(db) == {"Ünder": "under"}


async def test_the_copy_of_no_text_is_no_text(db: Database) -> None:
    hints = select(Word.hint, Word.hint_folded).order_by(Word.text)
    async with db.transaction() as tx:
        await tx.insert(Word, text="1")
        word = await tx.insert(Word, text="2", hint="Hint")
        await tx.update(word, {"hint": None})
        tx.session.add(word := Word(text="3", hint="Hint"))
        await tx.session.flush()
        word.hint = None
        tx.session.add(Word(text="4"))
        await tx.insert(Word, text="5", hint="Hint")
        await tx.session.execute(update(Word).where(Word.text == "5").values(hint=None))
    async with db.read() as reads:
        assert [tuple(row) for row in await reads.execute(hints)] == [(None, None)] * 5
