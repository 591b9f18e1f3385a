"""Writes that wait for the next statement or the commit are committed or rolled back with it."""

from asyncio import gather, timeout
from uuid import uuid4

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError

from core.data.database import Database
from core.data.transaction import Transaction
from core.engine.sql.errors import DatabaseBusy
from core.kernel.clock import utc_now
from tests.core.data.tables import THINGS

ADD = insert(THINGS).values(
    {each: bindparam(f"new_{each.key}", type_=each.type) for each in THINGS.columns}
)
TOO_LARGE = 1 << 63
"""An integer that no database accepts."""
RENAME = update(THINGS).where(THINGS.c.name == bindparam("old")).values(name=bindparam("new"))


def thing(name: str) -> dict[str, object]:
    values = {"id": uuid4(), "version": 1, "name": name, "count": 0, "rank": None, "body": ""}
    moments = dict.fromkeys(("created_at", "updated_at"), utc_now())
    return {f"new_{key}": value for key, value in (values | moments).items()}


async def names(db: Database) -> list[str]:
    async with db.read() as reads:
        return sorted(await reads.scalars(select(THINGS.c.name)))


async def names_in(tx: Transaction) -> list[str]:
    return sorted(await tx.session.scalars(select(THINGS.c.name)))


async def test_they_are_there_after_the_commit(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(ADD, thing("first"))
        await tx.execute_later(ADD, thing("second"))
        await tx.execute_later(ADD, thing("third"))
    async with db.transaction() as tx:
        await tx.execute_later(ADD, thing("alone"))
    assert await names(db) == ["alone", "first", "second", "third"]


async def test_the_next_statement_sees_them(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(ADD, thing("first"))
        await tx.execute_later(ADD, thing("second"))
        assert await names_in(tx) == ["first", "second"]
        await tx.execute_later(ADD, thing("third"))
        await tx.execute(RENAME, {"old": "third", "new": "last"})
    assert await names(db) == ["first", "last", "second"]


async def test_only_an_insert_waits(db: Database) -> None:
    rename = RENAME.values(updated_at=THINGS.c.updated_at)  # has a plan, without a default
    async with db.transaction() as tx:
        await tx.execute(ADD, thing("first"))
        for old, new in (("first", "second"), ("second", "third")):
            await tx.execute_later(rename, {"old": old, "new": new})
    assert await names(db) == ["third"]


async def test_they_go_with_what_is_undone(db: Database) -> None:
    with pytest.raises(KeyError):
        async with db.transaction() as tx:
            await tx.execute(ADD, thing("first"))
            await tx.execute_later(ADD, thing("second"))
            raise KeyError
    async with db.transaction() as tx:
        await tx.execute(ADD, thing("kept"))
        with pytest.raises(KeyError):
            async with (await tx.session.connection()).begin_nested():
                await tx.execute_later(ADD, thing("undone"))
                raise KeyError
        await tx.execute_later(ADD, thing("kept too"))
    assert await names(db) == ["kept", "kept too"]


async def test_one_that_fails_undoes_its_own_transaction_alone(db: Database) -> None:
    async def act(number: int) -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, thing(f"act {number}"))
            await tx.execute_later(ADD, thing(f"trace {number % 10}"))

    outcomes = await gather(*(act(number) for number in range(20)), return_exceptions=True)
    failed = [number for number, each in enumerate(outcomes) if each is not None]
    # If the first of a group fails, the others of the group must be repeated.
    told = (DBAPIError, DatabaseBusy)
    assert len(failed) == 10 and all(isinstance(outcomes[each], told) for each in failed)
    kept = [number for number in range(20) if number not in failed]
    expected = [f"act {number}" for number in kept] + [f"trace {number}" for number in range(10)]
    assert await names(db) == sorted(expected)


async def test_the_first_of_a_group_that_fails_takes_no_other_along(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(ADD, thing("taken"))

    async def act(number: int, trace: str) -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, thing(f"act {number}"))
            await tx.execute_later(ADD, thing(trace))

    traces = ["taken", *(f"trace {number}" for number in range(1, 6))]
    acts = (act(number, trace) for number, trace in enumerate(traces))
    outcomes = await gather(*acts, return_exceptions=True)
    assert [number for number, each in enumerate(outcomes) if each is not None] == [0]
    assert await names(db) == sorted([*traces, *(f"act {number}" for number in range(1, 6))])


async def test_a_value_that_the_driver_refuses_undoes_its_own_transaction_alone(
    db: Database,
) -> None:
    """The error of the driver, OverflowError, is not an error of SQLite."""

    async def act(number: int) -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, thing(f"act {number}"))
            count = TOO_LARGE if number in (3, 7) else number
            await tx.execute_later(ADD, thing(f"trace {number}") | {"new_count": count})

    async with timeout(20):
        outcomes = await gather(*(act(number) for number in range(10)), return_exceptions=True)
        kept = [number for number, each in enumerate(outcomes) if each is None]
        assert kept == [0, 1, 2, 4, 5, 6, 8, 9]
        await act(11)
    numbers = [*kept, 11]
    expected = [f"{kind} {number}" for number in numbers for kind in ("act", "trace")]
    assert await names(db) == sorted(expected)


async def test_the_last_value_that_the_driver_refuses_leaves_the_writer_free(db: Database) -> None:
    async with timeout(20):
        with pytest.raises((OverflowError, DBAPIError)):
            async with db.transaction() as tx:
                await tx.execute(ADD, thing("act"))
                await tx.execute_later(ADD, thing("trace") | {"new_count": TOO_LARGE})
        async with db.transaction() as tx:
            await tx.execute(ADD, thing("next"))
    assert await names(db) == ["next"]
