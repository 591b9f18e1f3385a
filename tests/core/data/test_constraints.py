"""A broken unique constraint becomes an error of the module, on both databases."""

import pytest
from sqlalchemy.exc import IntegrityError

from core.data.constraints import unique
from core.data.database import Database
from core.kernel.errors import Conflict
from tests.core.data.tables import Seat, Tables, Tag, Thing


class Taken(Conflict):
    title = "Another row has this."


async def add(db: Database, row: Tables) -> None:
    async with db.transaction() as tx:
        tx.session.add(row)


@pytest.fixture
async def full(db: Database) -> Database:
    await add(db, Seat(row="A", number=1))
    await add(db, Thing(name="A"))
    return db


async def test_a_constraint_over_two_columns_raises_the_error(full: Database) -> None:
    with unique((Seat.row, Seat.number), Taken):
        await add(full, Seat(row="A", number=2))
        await add(full, Seat(row="B", number=1))
    with pytest.raises(Taken), unique((Seat.row, Seat.number), Taken):
        await add(full, Seat(row="A", number=1))


async def test_a_constraint_over_one_column_raises_the_error(full: Database) -> None:
    with pytest.raises(Taken), unique(Thing.name, Taken):
        await add(full, Thing(name="A"))


async def test_a_part_of_a_constraint_is_another_one(full: Database) -> None:
    for part in (Seat.row, Seat.number):
        with pytest.raises(IntegrityError), unique(part, Taken):
            await add(full, Seat(row="A", number=1))


async def test_a_natural_key_raises_the_error(db: Database) -> None:
    with pytest.raises(Taken):
        async with db.transaction() as tx:
            await tx.insert(Tag, name="A")
            with unique(Tag.name, Taken):
                await tx.insert(Tag, name="B")
                await tx.insert(Tag, name="A")
