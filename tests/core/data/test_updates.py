"""Changes by one UPDATE: the row, the version, and two concurrent writers."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam

from core.data.database import Database
from core.data.rows import select_rows
from core.kernel.errors import NotFound, Stale
from core.kernel.preconditions import ANY_VERSION, IfMatch
from core.testing import CLIENTS, ROUNDS, at_once
from tests.core.data.tables import Thing

THIS = select_rows(Thing).where(Thing.id == bindparam("thing_id"))


class ThingNotFound(NotFound):
    code = "tests.not_found"
    title = "No such thing."


def tag(_: UUID, version: int) -> str:
    return f'"{version}"'


def known(*versions: int) -> IfMatch:
    return IfMatch(frozenset(f'"{version}"' for version in versions), tag)


@pytest.fixture
async def thing(db: Database) -> Thing:
    thing = Thing(name="old")
    async with db.transaction() as tx:
        tx.session.add(thing)
    return thing


async def change(
    db: Database, thing_id: UUID, changes: dict[str, Any], if_match: IfMatch = ANY_VERSION
) -> Thing:
    async with db.transaction():
        return await db.update_by_id(
            Thing, thing_id, changes, missing=ThingNotFound, if_match=if_match
        )


async def test_the_row_comes_back_as_it_is_now(db: Database, thing: Thing) -> None:
    row = await change(db, thing.id, {"name": "new", "rank": None}, known(1))
    assert (row.name, row.rank, row.version, row.id) == ("new", None, 2, thing.id)
    assert row.updated_at > thing.updated_at and row.created_at == thing.created_at
    async with db.read() as reads:
        read = await reads.one(THIS, {"thing_id": thing.id}, missing=ThingNotFound)
        names = ("id", "version", "name", "count", "rank", "body", "created_at", "updated_at")
        assert [getattr(read, name) for name in names] == [getattr(row, name) for name in names]


async def test_a_row_without_a_change_stays_as_it_is(db: Database, thing: Thing) -> None:
    row = await change(db, thing.id, {}, known(1))
    assert (row.name, row.version, row.updated_at) == ("old", 1, thing.updated_at)
    with pytest.raises(Stale):
        await change(db, thing.id, {}, known(2))


async def test_a_stale_change_changes_nothing(db: Database, thing: Thing) -> None:
    for versions in ((2,), (7, 9), ()):
        with pytest.raises(Stale):
            await change(db, thing.id, {"name": "new"}, known(*versions))
    assert (await change(db, thing.id, {})).name == "old"
    assert (await change(db, thing.id, {"name": "new"}, known(7, 1))).version == 2


async def test_what_is_not_there_is_not_found(db: Database, thing: Thing) -> None:
    for changes in ({"name": "new"}, {}):
        with pytest.raises(ThingNotFound):
            await change(db, uuid4(), changes, known(1))
    assert (await change(db, thing.id, {})).name == "old", "and another row was left alone"


@pytest.mark.race
async def test_one_of_two_writers_with_one_tag_wins(db: Database, thing: Thing) -> None:
    async def rename(name: str, version: int) -> bool:
        try:
            await change(db, thing.id, {"name": name}, known(version))
        except Stale:
            return False
        return True

    for version in range(1, ROUNDS + 1):
        won = await at_once(*(rename(str(number), version) for number in range(CLIENTS)))
        assert sum(won) == 1
        row = await change(db, thing.id, {})
        assert (row.version, row.name) == (version + 1, str(won.index(True)))
