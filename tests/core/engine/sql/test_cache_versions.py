"""CacheVersions: equal versions, changed versions, and states in which no cache is valid."""

import os
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, insert, select, text, update

from core.data.database import Database
from core.data.engines import open_database
from core.data.invalidation_poller import Announcement, InvalidationPoller
from core.engine.sql import cache_versions as module
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.cached_counts import Count
from core.engine.sql.changes import tables_changed_by
from core.kernel.clock import utc_now
from core.kernel.ids import uuid7
from tests.core.data.named_things import add
from tests.core.data.tables import THINGS, Note, Part, Screw, Thing

PEOPLE = module.place_of("people")


def test_a_name_stays_equal_until_it_advances(cache_versions: CacheVersions) -> None:
    before = cache_versions.of(["a", "b"]), cache_versions.of(["a"])
    assert cache_versions.of(["a", "b"]) == before[0]
    cache_versions.advance(["b"])
    assert cache_versions.of(["a", "b"]) != before[0]
    assert cache_versions.of(["a"]) == before[1]


def test_what_does_not_tell_its_tables_advances_all(cache_versions: CacheVersions) -> None:
    before = cache_versions.of(["a"])
    cache_versions.advance([module.ANY])
    assert cache_versions.of(["a"]) != before


def test_two_who_opened_one_file_see_each_other(tmp_path: Path) -> None:
    one, other = CacheVersions(tmp_path / "shared"), CacheVersions(tmp_path / "shared")
    before = other.of(["a"])
    one.advance(["a"])
    assert other.of(["a"]) != before
    assert other.of(["a"]) == one.of(["a"])
    one.close()
    other.close()


def test_a_deletion_changes_what_foreign_keys_reach() -> None:
    assert tables_changed_by(delete(THINGS)) == {"things", "screws", "notes"}
    assert tables_changed_by(delete(Screw)) == {"screws", "notes"}
    assert tables_changed_by(delete(Part)) == {"parts"}
    assert tables_changed_by(update(THINGS)) == {"things"}


@pytest.mark.usefixtures("heard")
async def test_totals_are_exact_after_a_cascade(db: Database) -> None:
    """Rows are deleted by a statement and by the session; the database deletes further rows."""
    screws = Count(select(Screw.id))
    loose = Count(select(Note.id).where(Note.screw_id.is_(None)))

    async def totals() -> tuple[int, int]:
        async with db.read() as reads:
            return await reads.total(screws), await reads.total(loose)

    for by_session in (True, False):
        async with db.transaction() as tx:
            tx.session.add(thing := Thing(name="held"))
            await tx.session.flush()
            tx.session.add(screw := Screw(thing_id=thing.id))
            await tx.session.flush()
            tx.session.add(Note(screw_id=screw.id))
        assert await totals() == (1, 1 - by_session)
        async with db.transaction() as tx:
            if by_session:
                await tx.session.delete(await tx.session.get_one(Thing, thing.id))
            else:
                await tx.session.execute(delete(Thing).where(Thing.id == thing.id))
        assert await totals() == (0, 2 - by_session)


async def test_every_way_to_change_a_table_advances_it(
    db: Database, cache_versions: CacheVersions
) -> None:
    now, table = utc_now(), THINGS
    values = {"id": uuid7(), "name": "x", "created_at": now, "updated_at": now}
    statements: list[Executable] = [
        insert(table).values(version=1, count=0, body="", **values),
        update(Thing).values(count=1),
        update(table).values(count=2).returning(table.c.id),
        text("UPDATE things SET count = 3"),
        delete(table),
    ]
    for statement in statements:
        before = cache_versions.here(["things"])
        async with db.transaction() as tx:
            await tx.session.execute(statement)
        assert cache_versions.here(["things"]) != before, statement


async def test_other_machines_hear_what_was_touched(
    db: Database, url: str, cache_versions: CacheVersions, tmp_path: Path
) -> None:
    if db.engine.dialect.name != "postgresql":
        assert cache_versions.of(["people"]) == cache_versions.of(["people"]), "there are none"
        return
    far = CacheVersions(tmp_path / "another machine")
    remote = open_database(url, far)
    ears = InvalidationPoller(remote, far)
    assert far.of(["people"]) != far.of(["people"]), "nothing was heard yet"
    await ears.hear()
    before = far.of(["people"]), far.of(["posts"])
    assert far.of(["people"]) == before[0]
    async with db.transaction() as tx:
        tx.invalidate("people")
    await ears.hear()
    assert far.of(["people"]) != before[0] and far.of(["posts"]) == before[1]
    await remote.close()
    far.close()


async def test_two_names_in_one_place_are_announced_as_one(db: Database) -> None:
    name = next(name for name in map(str, count()) if module.place_of(name) == PEOPLE)
    async with db.transaction() as tx:
        tx.invalidate("people", name, "posts")
    async with db.read() as reads:
        announced = await reads.scalars(select(Announcement.place))
    places = {PEOPLE, module.place_of("posts")} if db.engine.dialect.name == "postgresql" else set()
    assert sorted(announced) == sorted(places)


async def test_what_is_rolled_back_is_not_announced(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            tx.invalidate("people")
            tx.session.add(Thing(name="a"))
            raise ZeroDivisionError
    async with db.read() as reads:
        assert not (await reads.execute(select(Announcement))).all()


def test_nothing_is_believed_after_two_seconds_of_silence(
    cache_versions: CacheVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_versions.must_poll = True
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    cache_versions.mark_polled()
    now = 1001.9
    assert cache_versions.of(["a"]) == cache_versions.of(["a"])
    now = 1002.1
    assert cache_versions.of(["a"]) != cache_versions.of(["a"])
    now = 10.0  # another boot, another clock
    assert cache_versions.of(["a"]) != cache_versions.of(["a"])


async def test_a_total_need_not_be_heard_of(db: Database, cache_versions: CacheVersions) -> None:
    await add(db, "a")
    assert cache_versions.here(["things"]) == cache_versions.here(["things"])


def has_its_blocks(file: Path) -> bool:
    return file.stat().st_blocks * 512 >= module.SIZE


@pytest.mark.parametrize("reserves", [True, False])
def test_the_disk_holds_every_block_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reserves: bool
) -> None:
    """A new file has them, and a file that an earlier version created without them."""
    if not reserves:
        monkeypatch.delattr("os.posix_fallocate")
    sparse = tmp_path / "sparse"
    sparse.write_bytes(b"number of someone" + bytes(7))
    os.truncate(sparse, module.SIZE)
    assert not has_its_blocks(sparse)
    for file in (sparse, tmp_path / "new"):
        CacheVersions(file).close()
        assert has_its_blocks(file)
    assert sparse.read_bytes() == b"number of someone".ljust(module.SIZE, b"\0")
