"""`db.update_by_id`: a change of one row, its audit entry and its commit in one step."""

from asyncio import create_task, gather, sleep
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from core.data.audit import AuditEntry
from core.data.database import Database
from core.data.engines import open_database
from core.data.invalidation_poller import Announcement, InvalidationPoller
from core.engine.sql import CacheVersions
from core.kernel.context import RequestContext, enter_context
from core.kernel.errors import Stale
from core.kernel.preconditions import ANY_VERSION, IfMatch
from tests.core.data.tables import Screw, Thing, Word
from tests.core.data.test_transaction import ThingNotFound, entries, insert, lock


async def change(
    db: Database,
    thing_id: object,
    changes: Mapping[str, object],
    if_match: IfMatch = ANY_VERSION,
    **where: object,
) -> Thing:
    return await db.update_by_id(
        Thing,
        thing_id,
        changes,
        missing=ThingNotFound,
        if_match=if_match,
        audit="things.change",
        invalidates=("people",),
        **where,
    )


def tagged(*tags: str) -> IfMatch:
    return IfMatch(frozenset(tags), lambda row_id, version: f'"{row_id.hex}.{version}"')


async def test_a_change_returns_the_row_and_leaves_its_audit_entry(
    db: Database, cache_versions: CacheVersions
) -> None:
    thing = await insert(db, name="old")
    before = cache_versions.here(["things"]), cache_versions.here(["people"])
    changed = await change(db, thing.id, {"name": "new", "rank": 2}, rank=None)
    assert (changed.name, changed.rank, changed.version) == ("new", 2, 2)
    assert changed.updated_at > changed.created_at == thing.created_at
    assert cache_versions.here(["things"]) != before[0]
    assert cache_versions.here(["people"]) != before[1]
    assert (await lock(db, thing.id)).name == "new"
    entry = ("things.change", str(thing.id), {"fields": ["name", "rank"]})
    assert await entries(db) == [entry]


async def test_a_row_that_is_missing_leaves_nothing(
    db: Database, cache_versions: CacheVersions
) -> None:
    thing = await insert(db, name="here")
    before = cache_versions.here(["things", "people"])
    for key, more in ((uuid4(), {}), (thing.id, {"name": "there"}), (thing.id, {"rank": 1})):
        with pytest.raises(ThingNotFound):
            await change(db, key, {"count": 9}, **more)
    assert (await lock(db, thing.id)).count == 0 and await entries(db) == []
    assert cache_versions.here(["things", "people"]) == before
    async with db.read() as reads:
        assert not (await reads.execute(select(Announcement))).all()


async def test_if_match_is_checked_against_the_version_before(db: Database) -> None:
    thing = await insert(db, name="thing")
    first = f'"{thing.id.hex}.1"'
    assert (await change(db, thing.id, {"count": 1}, tagged(first))).version == 2
    digits = f'"{thing.id.hex}.{"9" * 40}"'
    for tags in ([first], [], ['"else.2"'], [digits], [first, '"else.2"']):
        with pytest.raises(Stale):
            await change(db, thing.id, {"count": 2}, tagged(*tags))
    with pytest.raises(ThingNotFound):
        await change(db, uuid4(), {"count": 2}, tagged(first))
    second = f'"{thing.id.hex}.2"'
    either = await change(db, thing.id, {"count": 3}, tagged(first, second))
    assert (either.count, either.version, len(await entries(db))) == (3, 3, 2)


async def test_a_row_without_a_version_or_changes_is_read_first(db: Database) -> None:
    thing = await insert(db, name="thing")
    same = await change(db, thing.id, {}, tagged(f'"{thing.id.hex}.1"'))
    assert (same.version, (await entries(db))[0].changes) == (1, {"fields": []})
    async with db.transaction() as tx:
        screw = await tx.insert(Screw, thing_id=thing.id)
    with pytest.raises(Stale):
        await db.update_by_id(
            Screw, screw.id, {"thing_id": thing.id}, missing=ThingNotFound, if_match=tagged("x")
        )


async def test_a_change_in_a_transaction_is_a_part_of_it(db: Database) -> None:
    thing = await insert(db, name="thing")
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            assert (await change(db, thing.id, {"count": 1})).count == 1
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        async with db.deferred():
            assert (await change(db, thing.id, {"count": 1})).count == 1
            raise ZeroDivisionError
    assert (await lock(db, thing.id)).count == 0 and await entries(db) == []
    async with db.deferred():
        await change(db, thing.id, {"count": 1})
    assert (await lock(db, thing.id)).count == 1 and len(await entries(db)) == 1


async def test_what_a_constraint_refuses_leaves_nothing(db: Database) -> None:
    await insert(db, name="taken")
    thing = await insert(db, name="free")
    with pytest.raises(IntegrityError):
        await change(db, thing.id, {"name": "taken"})
    assert (await lock(db, thing.id)).name == "free" and await entries(db) == []


async def test_the_folded_copy_follows_its_text(db: Database) -> None:
    async with db.transaction() as tx:
        word = await tx.insert(Word, text="Old")
    changed = await db.update_by_id(Word, word.id, {"text": "Ünder"}, missing=ThingNotFound)
    async with db.read() as reads:
        assert await reads.scalar(select(Word.text_folded)) == "under"
    assert changed.text == "Ünder"


async def test_changes_at_once_are_one_after_the_other(db: Database) -> None:
    thing, other = await insert(db, name="thing"), await insert(db, name="other")

    async def count_up(number: int) -> None:
        async with db.transaction() as tx:
            row = await tx.get(Thing, other.id, missing=ThingNotFound)
            await tx.update(row, {"count": row.count + 1})
        await change(db, thing.id, {"rank": number})

    await gather(*(count_up(number) for number in range(20)))
    assert (await lock(db, thing.id)).version == 21
    assert (await lock(db, other.id)).count == 20
    async with db.read() as reads:
        assert len((await reads.scalars(select(AuditEntry.id))).all()) == 20


async def test_a_caller_who_is_cancelled_leaves_all_of_it_or_nothing(db: Database) -> None:
    for number, moment in enumerate((0, 0, 0.0005, 0.001, 0.005)):
        thing = await insert(db, name=f"thing {number}")
        task = create_task(change(db, thing.id, {"count": 1}))
        await sleep(moment)
        task.cancel()
        await gather(task, return_exceptions=True)
        await db.close()  # waits for the commit
        targets = [entry.target_id for entry in await entries(db)]
        assert targets.count(str(thing.id)) == (await lock(db, thing.id)).count


async def test_other_machines_hear_of_it(
    db: Database, url: str, tmp_path: Any, cache_versions: CacheVersions
) -> None:
    if not cache_versions.must_poll:
        return
    thing = await insert(db, name="thing")
    far = CacheVersions(tmp_path / "another machine")
    remote = open_database(url, far)
    poller = InvalidationPoller(remote, far)
    await poller.hear()
    before = far.of(["people"])
    await change(db, thing.id, {"count": 1})
    await poller.hear()
    assert far.of(["people"]) != before
    await remote.close()
    far.close()


@pytest.mark.engine
async def test_on_postgresql_a_change_is_one_round_trip(db: Database) -> None:
    if db.engine.dialect.name != "postgresql":
        return
    thing, sent = await insert(db, name="thing"), list[str]()

    def note(connection: Any, _: object) -> None:
        connection.driver_connection.add_query_logger(lambda query: sent.append(query.query))

    event.listen(db.engine.sync_engine, "connect", note)
    await db.close()  # so that the next statement opens a connection
    await change(db, thing.id, {"count": 1})
    sent.clear()

    async def request() -> None:
        enter_context(RequestContext("has a statement timeout"))
        await change(db, thing.id, {"count": 2}, tagged(f'"{thing.id.hex}.2"'))

    await create_task(request())
    assert len(sent) == 1 and sent[0].startswith("WITH changed AS (UPDATE")
