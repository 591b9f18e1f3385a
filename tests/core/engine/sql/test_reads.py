"""Reads, with and without plans: beside writers and scans, and cancelled while they run."""

import gc
from asyncio import CancelledError, create_task, gather, sleep, timeout
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import bindparam, func, literal, select, text, true
from sqlalchemy.exc import DBAPIError, StatementError

from core.data.database import Database
from tests.core.data.named_things import add
from tests.core.data.tables import Kind, Mood, Thing

ONE = select(Thing).where(Thing.name == bindparam("wanted"))
PART = select(Thing).order_by(Thing.name).limit(bindparam("limit")).offset(bindparam("offset"))
SOME = select(Thing.name).where(Thing.name.in_(bindparam("names", expanding=True)))
FIXED = select(Thing.name, (Thing.count + 1).label("next")).where(Thing.name == "b").limit(1)
SLOW = text(
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000000)"
    " select count(*) from n"
)


async def test_planned_and_plain_say_the_same(db: Database) -> None:
    for name in "abc":
        await add(db, name)
    asked: list[tuple[Any, dict[str, Any]]] = [
        (ONE, {"wanted": "b"}),
        (PART, {"limit": 2, "offset": 1}),
        (SOME, {"names": ["a", "c", "x"]}),
        (FIXED, {}),
        (select(func.count()).select_from(Thing), {}),
    ]
    for statement, values in asked:
        answers = []
        for _ in range(4):
            async with db.read() as reads:
                answers.append((await reads.execute(statement, values)).all())
        assert answers[0] and answers == [answers[0]] * 4
        assert answers[0][0]._fields == answers[3][0]._fields
        async with db.transaction(), db.read() as reads:
            assert (await reads.execute(statement, values)).all() == answers[0]


@pytest.mark.fallbacks("unplanned")
async def test_every_type_of_column_comes_out_as_it_went_in(db: Database) -> None:
    values = {
        "id": uuid4(),
        "at": datetime(2026, 11, 24, 7, 45, 1, 5, UTC),
        "on": True,
        "mood": Mood.wild,
        "facts": {"a": [1, None], "b": "ä"},
        "price": Decimal("12.30"),
        "bytes": b"\0\xff",
        "ratio": None,
        "big": 2**53 - 1,
    }
    async with db.transaction() as tx:
        tx.session.add(Kind(**values))
    by_values = select(Kind).where(
        Kind.id == bindparam("id"), Kind.at == bindparam("at"), Kind.mood == bindparam("mood")
    )
    without_fractions = [it for it in Kind.__table__.columns if it.key not in ("price", "ratio")]
    for statement in (by_values, by_values.with_only_columns(*without_fractions)):
        for _ in range(4):
            async with db.read() as reads:
                found = (await reads.execute(statement, values)).one()
            assert found._asdict() == {name: values[name] for name in found._fields}
    assert db._reads._known[statement].plan, "or this compares plain with plain"


async def test_a_moment_is_the_same_in_every_time_zone(db: Database) -> None:
    there = datetime(2026, 11, 24, 9, 0, tzinfo=timezone(timedelta(hours=2)))
    async with db.transaction() as tx:
        tx.session.add(Thing(name="a", created_at=there))
    created = select(Thing.created_at).where(Thing.created_at == bindparam("moment"))
    for _ in range(3):
        async with db.read() as reads:
            found = await reads.scalar(created, {"moment": there})
        assert found == there and found.utcoffset() == timedelta(0)
    with pytest.raises(StatementError, match="needs a time zone"):
        async with db.transaction() as tx:
            tx.session.add(Thing(name="b", created_at=datetime(2026, 11, 24)))
            await tx.session.flush()


async def test_errors_are_sqlalchemys_own(db: Database) -> None:
    wrong = select(text("1 from nowhere"))
    for _ in range(3):
        async with db.read() as reads:
            with pytest.raises(DBAPIError):
                await reads.execute(wrong)
            with pytest.raises(StatementError):
                await reads.execute(ONE, {})


async def test_an_entity_is_not_half_read(db: Database) -> None:
    async with db.read() as reads:
        with pytest.raises(RuntimeError, match=r"use execute\(\)"):
            await reads.scalar(select(Thing))


async def test_a_statement_built_for_the_occasion_is_forgotten(db: Database) -> None:
    db._reads._known.clear()
    async with db.read() as reads:
        await reads.execute(ONE, {"wanted": "a"})
        for number in range(50):
            await reads.execute(select(Thing).where(Thing.count == number))
    gc.collect()
    assert ONE in db._reads._known
    assert len(db._reads._known) == 2, "SQLAlchemy's cache holds the first of the fifty"


async def test_a_cancelled_scan_gives_its_connection_back(db: Database) -> None:
    async def look() -> None:
        async with db.read() as reads:
            await reads.execute(SLOW)

    tasks = [create_task(look()) for _ in range(8)]
    await sleep(0.3)
    for task in tasks:
        task.cancel()
    outcomes = await gather(*tasks, return_exceptions=True)
    assert {type(each) for each in outcomes} == {CancelledError}
    slow = select(func.count()).select_from(numbers_to(2_000_000))
    async with timeout(20):
        assert await in_a_read(db, slow) == 2_000_000


async def test_a_cancelled_planned_read_gives_its_thread_back(db: Database) -> None:
    big = select(func.count()).select_from(
        numbers_to(20_000).join(numbers_to(20_000).alias("m"), true())
    )
    small = select(func.count()).select_from(numbers_to(100))
    assert [await in_a_read(db, small) for _ in range(3)] == [100, 100, 100]

    for _ in range(3):
        tasks = [create_task(in_a_read(db, big)) for _ in range(6)]
        await sleep(0.2)
        for task in tasks:
            task.cancel()
        outcomes = await gather(*tasks, return_exceptions=True)
        assert {type(each) for each in outcomes} == {CancelledError}
    async with timeout(20):
        assert await in_a_read(db, small) == 100


@pytest.fixture(autouse=True)
async def nothing_goes_on_at_the_server(db: Database) -> AsyncIterator[None]:
    yield
    if db.engine.dialect.name == "postgresql":
        active = "state = 'active' and datname = current_database() and pid <> pg_backend_pid()"
        left = select(func.count()).select_from(text("pg_stat_activity")).where(text(active))
        async with timeout(20):
            while await in_a_read(db, left):  # noqa: ASYNC110
                await sleep(0.1)


async def in_a_read(db: Database, statement: Any) -> Any:
    async with db.read() as reads:
        return await reads.scalar(statement)


def numbers_to(size: int) -> Any:
    n = select(literal(1).label("i")).cte(recursive=True)
    return n.union_all(select(n.c.i + 1).where(n.c.i < size))


async def test_reads_go_on_while_a_scan_runs(db: Database) -> None:
    await add(db, "a")

    async def look() -> None:
        async with db.read() as reads:
            await reads.execute(SLOW)

    scan = create_task(look())
    await sleep(0.05)
    for _ in range(50):
        async with db.read() as reads:
            assert (await reads.execute(ONE, {"wanted": "a"})).one().name == "a"
    assert not scan.done(), "all of them went on beside it"
    scan.cancel()
    await gather(scan, return_exceptions=True)
