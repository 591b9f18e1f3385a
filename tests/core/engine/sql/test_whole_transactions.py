"""A transaction that has only writes which may wait is sent to the database as a whole."""

from asyncio import CancelledError, create_task, gather, sleep, timeout
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.data.database import Database
from core.kernel.ids import uuid7
from tests.core.data.tables import Answer, Kind, Mood, Note, Part, Screw, Thing, Word

MANY = 20
WORDS = select(Word.text)


async def words(db: Database) -> list[str]:
    async with db.read() as reads:
        return sorted(await reads.scalars(WORDS))


async def add_word(db: Database, text: str) -> None:
    async with db.transaction() as tx:
        await tx.insert(Word, text=text)


async def test_each_of_many_at_once_is_kept(db: Database) -> None:
    async def add_thing(number: int) -> None:
        async with db.transaction() as tx:
            await tx.insert(Thing, name=f"thing {number}")
            await tx.insert(Word, text=f"beside {number}")

    numbers = range(MANY)
    await gather(*(add_word(db, f"{it}") for it in numbers), *(add_thing(it) for it in numbers))
    expected = [text for it in numbers for text in (f"{it}", f"beside {it}")]
    assert await words(db) == sorted(expected)


async def test_one_that_fails_fails_alone(db: Database) -> None:
    async def act(number: int) -> None:
        async with db.transaction() as tx:
            await tx.insert(Word, text=f"{number}")
            if number % 3 == 0:
                await tx.insert(Part, thing_id=uuid4())  # no such row exists

    outcomes = await gather(*(act(it) for it in range(MANY)), return_exceptions=True)
    failed = [number for number, each in enumerate(outcomes) if each is not None]
    assert failed == [*range(0, MANY, 3)]
    assert all(isinstance(outcomes[each], IntegrityError) for each in failed)
    assert await words(db) == sorted(f"{it}" for it in range(MANY) if it not in failed)


async def test_an_error_before_the_commit_leaves_nothing(db: Database) -> None:
    with pytest.raises(KeyError):
        async with db.transaction() as tx:
            await tx.insert(Word, text="undone")
            raise KeyError
    await add_word(db, "kept")
    assert await words(db) == ["kept"]


async def test_a_row_may_refer_to_another_of_the_same_transaction(db: Database) -> None:
    async with db.transaction() as tx:
        thing = await tx.insert(Thing, name="one")
    async with db.transaction() as tx:
        screw = await tx.insert(Screw, thing_id=thing.id)
        note = await tx.insert(Note, screw_id=screw.id)
        await tx.insert(Answer, note_id=note.id)
    async with db.read() as reads:
        assert await reads.scalar(select(Answer.note_id)) == note.id


async def test_more_rows_than_fit_in_one_statement(db: Database) -> None:
    async with db.transaction() as tx:
        for number in range(50):
            await tx.insert(Word, text=f"{number:02}")
    assert await words(db) == [f"{number:02}" for number in range(50)]


async def test_the_same_transaction_sees_its_rows(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.insert(Word, text="first")
        assert (await tx.session.scalars(WORDS)).all() == ["first"]
        await tx.insert(Word, text="second")
        async with db.read() as reads:
            assert sorted(await reads.scalars(WORDS)) == ["first", "second"]
        await tx.insert(Word, text="third")
    assert await words(db) == ["first", "second", "third"]


async def test_a_nested_transaction_of_the_session_undoes_its_own_rows(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.insert(Word, text="before")
        with pytest.raises(KeyError):
            async with tx.session.begin_nested():
                await tx.session.connection()
                await tx.insert(Word, text="undone")
                raise KeyError
        await tx.insert(Word, text="after")
    assert await words(db) == ["after", "before"]


async def test_the_transaction_after_a_cancelled_one_is_kept(db: Database) -> None:
    for number, moment in enumerate((0, 0, 0, 0, 0.0005, 0.001, 0.002)):
        async with timeout(20):
            task = create_task(add_word(db, "cancelled"))
            await sleep(moment)
            task.cancel()
            with suppress(CancelledError):
                await task
            await add_word(db, "next")
        assert (await words(db)).count("next") == number + 1


@pytest.mark.fallbacks("unplanned")
async def test_an_added_object_is_the_row_that_is_read(db: Database) -> None:
    at = datetime(2026, 1, 1, 9, 30, tzinfo=timezone(timedelta(hours=9)))
    async with db.transaction() as tx:
        word = await tx.insert(Word, text="Ünder")
        thing = await tx.insert(Thing, name="one")
        kind = await tx.insert(
            Kind,
            id=uuid7(),
            at=at,
            on=True,
            mood=Mood.wild,
            facts={"a": (1, 2)},
            price=Decimal("1.005"),
            bytes=b"\x00",
            ratio=0.5,
            big=1 << 40,
        )
    assert kind.at == at and kind.at.tzinfo == UTC
    async with db.read() as reads:
        for each in (word, thing, kind):
            table = type(each).__table__
            row = (await reads.execute(select(*table.c).where(table.c.id == each.id))).one()
            assert {name: getattr(each, name) for name in row._mapping} == {**row._mapping}
