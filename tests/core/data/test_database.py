"""Transactions: concurrent, nested, and misused."""

from asyncio import Event, create_task, gather, sleep
from uuid import uuid4

import pytest
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.data.constraints import unique
from core.data.database import Database
from core.kernel import events
from core.kernel.clock import utc_now
from core.kernel.errors import Stale
from core.testing import CLIENTS, ROUNDS, at_once
from tests.core.data.named_things import COUNT, NEW, Refused, add, names
from tests.core.data.tables import THINGS, Part, Thing

pytestmark = pytest.mark.anyio

ONE = select(Thing).where(Thing.name == bindparam("wanted")).with_for_update()


@pytest.mark.race
async def test_increments_at_once_add_up(db: Database) -> None:
    await add(db, "counter")

    async def increment() -> None:
        async with db.transaction() as tx:
            thing = (await tx.session.scalars(ONE, {"wanted": "counter"})).one()
            await sleep(0)
            thing.count += 1

    for done in range(1, ROUNDS + 1):
        await at_once(*(increment() for _ in range(CLIENTS)))
        async with db.read() as reads:
            assert await reads.scalar(COUNT, {"wanted": "counter"}) == done * CLIENTS


async def test_who_fails_among_many_takes_back_only_its_own(db: Database) -> None:
    """The transactions share a COMMIT on SQLite, and one may fail alone."""

    async def attempt(number: int) -> None:
        await add(db, f"{number:03}", failing=number % 3 == 0)

    outcomes = await gather(*(attempt(number) for number in range(90)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [Refused, type(None), type(None)] * 30
    assert await names(db) == [f"{number:03}" for number in range(90) if number % 3]


async def test_a_broken_constraint_leaves_the_neighbours_alone(db: Database) -> None:
    outcomes = await gather(*(add(db, f"{n % 20:02}") for n in range(40)), return_exceptions=True)
    assert sum(isinstance(each, IntegrityError) for each in outcomes) == 20
    assert len(await names(db)) == 20


async def test_an_error_outside_takes_back_what_was_joined(db: Database) -> None:
    with pytest.raises(Refused):
        async with db.transaction():
            await add(db, "inner")
            assert await names(db) == ["inner"], "a read inside sees it"
            raise Refused
    assert await names(db) == []


async def test_a_savepoint_of_the_session_takes_back_only_its_own_work(db: Database) -> None:
    async with db.transaction() as tx:
        await add(db, "before")
        with pytest.raises(Refused):
            async with tx.session.begin_nested():
                tx.session.add(Thing(name="undone"))
                await tx.session.flush()
                raise Refused
        async with tx.session.begin_nested():
            tx.session.add(Thing(name="kept"))
        await add(db, "later")
    assert await names(db) == ["before", "kept", "later"]


async def test_an_operation_is_not_recorded_in_a_savepoint_of_the_session(db: Database) -> None:
    async with db.transaction() as tx:
        with pytest.raises(RuntimeError, match="after the block of begin_nested"):
            async with tx.session.begin_nested():
                await tx.record("things.add", ("things", None))
        assert not tx.audited


async def test_a_savepoint_of_the_session_goes_with_the_transaction(db: Database) -> None:
    with pytest.raises(Refused):
        async with db.transaction() as tx:
            async with tx.session.begin_nested():
                tx.session.add(Thing(name="inner"))
            raise Refused
    assert await names(db) == []


async def test_half_a_work_is_not_committed_because_its_error_was_caught(db: Database) -> None:
    with pytest.raises(RuntimeError, match="catch it after the block"):
        async with db.transaction():
            with pytest.raises(Refused):
                await add(db, "inner", failing=True)
    assert await names(db) == []


async def test_a_task_started_in_a_transaction_may_not_join_it(db: Database) -> None:
    """On SQLite the task would wait for its parent, and the parent for the task."""
    with pytest.raises(RuntimeError, match="start it afterwards"):
        async with db.transaction():
            await gather(add(db, "a"), add(db, "b"))
    assert await names(db) == []


async def test_a_task_that_outlives_the_transaction_has_its_own(db: Database) -> None:
    later = Event()

    async def worker() -> None:
        await later.wait()
        await add(db, "later")

    async with db.transaction():
        task = create_task(worker())
    later.set()
    await task
    assert await names(db) == ["later"]


async def test_misuse_is_named_at_once(db: Database) -> None:
    async with db.transaction() as ended:
        pass
    with pytest.raises(RuntimeError, match="The transaction has ended"):
        ended.invalidate("things")
    with pytest.raises(RuntimeError, match="The transaction has ended"):
        ended.on_commit(lambda: None)
    with pytest.raises(RuntimeError, match="The transaction has ended"):
        await ended.insert(Thing, name="late")
    async with db.transaction() as tx:
        with pytest.raises(RuntimeError, match="without an outbox"):
            await tx.publish(events.Event())


async def test_a_read_inside_sees_what_was_not_flushed_yet(db: Database) -> None:
    async with db.transaction() as tx:
        tx.session.add(Thing(name="new"))
        assert await names(db) == ["new"]
        assert await create_task(names(db)) == [], "another task is outside"


async def test_reads_refuse_to_write(db: Database) -> None:
    smuggled = NEW.values(id=uuid4(), name="smuggled", created_at=utc_now(), updated_at=utc_now())
    for _ in range(3):
        with pytest.raises(RuntimeError, match=r"use transaction\(\)"):
            async with db.read() as reads:
                await reads.execute(smuggled)
        with pytest.raises(DBAPIError, match=r"read-?only"):
            async with db.read() as reads:
                await reads.execute(text("DELETE FROM things"))
    assert await names(db) == []


async def test_who_would_overwrite_a_change_is_told(db: Database) -> None:
    await add(db, "one")
    with pytest.raises(Stale):
        async with db.transaction() as tx:
            thing = (await tx.session.scalars(ONE, {"wanted": "one"})).one()
            await tx.session.execute(update(THINGS).values(version=2, count=1))
            thing.count = 2
    async with db.read() as reads:
        assert await reads.scalar(COUNT, {"wanted": "one"}) == 0


async def test_unique_names_only_its_own_column(db: Database) -> None:
    await add(db, "taken")
    with pytest.raises(Refused):
        async with db.transaction() as tx:
            tx.session.add(Thing(name="taken"))
            with unique(Thing.name, Refused):
                await tx.session.flush()
    with pytest.raises(IntegrityError):
        async with db.transaction() as tx:
            tx.session.add(Part(thing_id=uuid4()))
            with unique(Thing.name, Refused):
                await tx.session.flush()


async def test_a_foreign_key_holds(db: Database) -> None:
    with pytest.raises(IntegrityError):
        async with db.transaction() as tx:
            tx.session.add(Part(thing_id=uuid4()))
