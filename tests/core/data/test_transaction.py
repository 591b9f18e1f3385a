"""The verbs of a transaction: the row that each writes, its audit entry and its refusals."""

from asyncio import create_task
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, select

from core.data.audit import AuditEntry
from core.data.database import Database
from core.data.rows import select_rows
from core.kernel.context import RequestContext, enter_context
from core.kernel.errors import NotFound, Stale
from core.kernel.preconditions import IfMatch
from core.testing import CLIENTS, at_once
from tests.core.data.tables import Note as NoteOfScrew
from tests.core.data.tables import Pair, Plan, Screw, Thing, Ticket, Word


class ThingNotFound(NotFound):
    code = "tests.not_found"
    title = "No such thing."


ENTRIES = select(AuditEntry.action, AuditEntry.target_id, AuditEntry.changes).order_by(
    AuditEntry.id
)
NAMES = select_rows(Thing, Thing.name).where(Thing.id == bindparam("thing_id"))


async def entries(db: Database) -> list[Any]:
    async with db.read() as reads:
        return list((await reads.execute(ENTRIES)).all())


async def insert(db: Database, **values: object) -> Thing:
    async with db.transaction() as tx:
        return await tx.insert(Thing, audit=None, **values)


async def lock(db: Database, thing_id: UUID, **more: Any) -> Thing:
    async with db.transaction() as tx:
        return await tx.get(Thing, thing_id, missing=ThingNotFound, **more)


def only(version: int) -> IfMatch:
    return IfMatch(frozenset({str(version)}), lambda _, version: str(version))


async def test_each_write_of_a_row_leaves_its_audit_entry(db: Database) -> None:
    async with db.transaction() as tx:
        thing = await tx.insert(Thing, audit="things.add", name="old")
        thing = await tx.update(thing, {"name": "new", "count": 3}, audit="things.change")
        assert (thing.name, thing.count, thing.version) == ("new", 3, 2)
        thing = await db.update_by_id(
            Thing, thing.id, {"rank": 1}, missing=ThingNotFound, audit="things.rank"
        )
        assert (thing.rank, thing.version) == (1, 3)
        await tx.delete(thing, audit="things.remove")
    assert await entries(db) == [
        ("things.add", str(thing.id), {}),
        ("things.change", str(thing.id), {"fields": ["name", "count"]}),
        ("things.rank", str(thing.id), {"fields": ["rank"]}),
        ("things.remove", str(thing.id), {}),
    ]
    with pytest.raises(ThingNotFound):
        await lock(db, thing.id)


async def test_an_update_with_the_same_values_writes_only_its_audit_entry(db: Database) -> None:
    thing = await insert(db, name="same")
    async with db.transaction() as tx:
        assert await tx.update(thing, {"name": "same"}, audit="things.change") is thing
    assert (await lock(db, thing.id)).version == 1
    assert [entry.changes for entry in await entries(db)] == [{"fields": ["name"]}]


async def test_a_value_of_json_that_was_changed_in_place_is_written(db: Database) -> None:
    async with db.transaction() as tx:
        plan = await tx.insert(Plan, steps={"first": ["knead"]})
    async with db.transaction() as tx:
        plan = await tx.get(Plan, plan.id, missing=ThingNotFound)
        steps = dict(plan.steps)
        steps["first"].append("bake")  # the row has the same list
        plan = await tx.update(plan, {"steps": steps})
        plan.steps["second"] = []
        plan = await tx.update(plan, {"steps": plan.steps})
    async with db.read() as reads:
        expected = {"first": ["knead", "bake"], "second": []}
        assert await reads.scalar(select(Plan.steps)) == expected == plan.steps
    assert plan.version == 3


async def test_an_update_writes_what_was_assigned_to_the_object_too(db: Database) -> None:
    thing = await insert(db, name="old")
    async with db.transaction() as tx:
        thing.count = 9
        changed = await tx.update(thing, {"count": 9})
        assert (changed.count, changed.version) == (9, 2)
        assert await tx.update(changed, {"count": 9}) is changed
    assert (await lock(db, thing.id)).count == 9


async def test_the_key_of_a_row_may_be_generated_by_the_database(db: Database) -> None:
    async with db.transaction() as tx:
        first, second = [await tx.insert(Ticket, audit="tickets.add") for _ in range(2)]
        given = await tx.insert(Ticket, id=99, note="given")
    assert (first.id, second.id, given.id) == (1, 2, 99)
    assert [entry.target_id for entry in await entries(db)] == ["1", "2"]


async def test_an_audit_entry_requires_a_key_of_one_column(db: Database) -> None:
    async with db.transaction() as tx:
        assert (await tx.insert(Pair, left=1, right=2)).right == 2
        with pytest.raises(TypeError, match=r"^Pair has a key of 2 columns"):
            await tx.insert(Pair, left=1, right=3, audit="pairs.add")
    async with db.read() as reads:
        assert (await reads.scalars(select(Pair.right))).all() == [2]


async def test_an_update_sets_the_time_of_the_change_and_the_folded_copy(db: Database) -> None:
    async with db.transaction() as tx:
        word = await tx.insert(Word, text="Old")
        changed = await tx.update(word, {"text": "Ünder"})
        assert changed.updated_at >= word.updated_at == word.created_at == changed.created_at
    async with db.read() as reads:
        assert await reads.scalar(select(Word.text_folded)) == "under"


async def test_a_row_that_changed_meanwhile_is_neither_changed_nor_deleted(db: Database) -> None:
    old = await insert(db, name="old")
    async with db.transaction() as tx:
        await tx.update(old, {"name": "newer"})
    with pytest.raises(Stale):
        async with db.transaction() as tx:
            await tx.update(old, {"name": "lost"}, audit="things.change")
    with pytest.raises(Stale):
        async with db.transaction() as tx:
            await tx.delete(old, audit="things.remove")
    assert (await lock(db, old.id)).name == "newer" and await entries(db) == []


async def test_a_row_without_a_version_is_changed_and_deleted_by_its_key(db: Database) -> None:
    first, second = await insert(db, name="first"), await insert(db, name="second")
    async with db.transaction() as tx:
        screw = await tx.insert(Screw, thing_id=first.id)
        kept = await tx.insert(Screw, thing_id=first.id)
        screw = await tx.update(screw, {"thing_id": second.id})
        assert screw.thing_id == second.id
        await tx.delete(screw)
        with pytest.raises(Stale):
            await tx.get(Screw, kept.id, missing=ThingNotFound, if_match=only(1))
        with pytest.raises(ThingNotFound):
            await tx.get(Screw, screw.id, missing=ThingNotFound)
        assert (await tx.get(Screw, kept.id, missing=ThingNotFound)).thing_id == first.id


async def test_a_row_is_found_by_its_key_and_further_values(db: Database) -> None:
    thing = await insert(db, name="here", rank=None)
    assert (await lock(db, thing.id, name="here", rank=None)).id == thing.id
    for other in ({"name": "there"}, {"rank": 1}, {"name": "here", "rank": 0}):
        with pytest.raises(ThingNotFound):
            await lock(db, thing.id, **other)
    with pytest.raises(ThingNotFound):
        async with db.transaction():
            await db.update_by_id(
                Thing, thing.id, {"count": 9}, missing=ThingNotFound, name="there"
            )
    assert (await lock(db, thing.id, if_match=only(1))).count == 0
    for if_match in (only(2), only(0)):
        with pytest.raises(Stale):
            await lock(db, thing.id, if_match=if_match)


async def test_a_row_is_locked_until_the_commit(db: Database) -> None:
    thing = await insert(db, name="counter")

    async def count() -> None:
        async with db.transaction() as tx:
            counted = await tx.get(Thing, thing.id, missing=ThingNotFound)
            await tx.update(counted, {"count": counted.count + 1})

    await at_once(*(count() for _ in range(CLIENTS)))
    assert (await lock(db, thing.id)).count == CLIENTS


async def test_a_verb_sees_what_the_session_and_other_verbs_have_written(db: Database) -> None:
    async with db.transaction() as tx:
        tx.session.add(added := Thing(name="by the session"))
        found = await tx.get(Thing, added.id, missing=ThingNotFound)
        assert found is not added and found.name == "by the session"
        screw = await tx.insert(Screw, thing_id=found.id)
        note = await tx.insert(NoteOfScrew, screw_id=screw.id)
        await tx.delete(found)  # and the screw, by its foreign key
        with pytest.raises(ThingNotFound):
            await tx.get(Screw, screw.id, missing=ThingNotFound)
        assert (await tx.get(NoteOfScrew, note.id, missing=ThingNotFound)).screw_id is None


async def test_a_row_of_a_read_is_only_read(db: Database) -> None:
    thing = await insert(db, name="read")
    async with db.read() as reads:
        row = await reads.one(NAMES, {"thing_id": thing.id}, missing=ThingNotFound)
        assert await reads.first(NAMES, {"thing_id": uuid4()}) is None
        assert [it.name for it in await reads.all(NAMES, {"thing_id": thing.id})] == ["read"]
    with pytest.raises(AttributeError):
        row.name = "written"
    async with db.transaction() as tx:
        for write in (tx.update(row, {"name": "written"}), tx.delete(row)):
            with pytest.raises(TypeError, match=r"lock it with tx\.get"):
                await write


def test_a_query_of_typed_rows_has_the_attributes_of_its_class() -> None:
    class Named(NamedTuple):
        id: UUID
        name: str

    assert select_rows(Named, Thing.id, Thing.name).selected_columns.keys() == ["id", "name"]
    for columns in ((Thing.name, Thing.id), (Thing.id,), (Thing.id, Thing.count)):
        with pytest.raises(TypeError, match="Named has other attributes than"):
            select_rows(Named, *columns)
    with pytest.raises(TypeError, match="Thing has other attributes than text"):
        select_rows(Thing, Word.text)


async def test_a_record_names_its_target_and_outcome(db: Database) -> None:
    thing = await insert(db, name="target")
    async with db.transaction() as tx:
        await tx.record("things.share", thing, seconds=timedelta(minutes=1).seconds)
        await tx.record("things.list", ("things", None))
    assert await entries(db) == [
        ("things.share", str(thing.id), {"seconds": 60}),
        ("things.list", None, {}),
    ]


async def test_a_request_is_audited_once_its_entry_is_committed(db: Database) -> None:
    async def request() -> list[bool]:
        context = RequestContext("a request")
        enter_context(context)
        with pytest.raises(ZeroDivisionError):
            async with db.transaction() as tx:
                await tx.record("things.share", ("things", None))
                raise ZeroDivisionError
        undone = context.audited
        async with db.transaction():
            async with db.transaction() as part:
                await part.record("things.share", ("things", None))
            before = context.audited
        return [undone, before, context.audited]

    assert await create_task(request()) == [False, False, True]
    assert len(await entries(db)) == 1
