"""Plans go to the driver and everything else to SQLAlchemy, in one and the same transaction."""

from asyncio import CancelledError, create_task, gather, sleep, timeout
from contextlib import suppress

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from core.data.database import Database
from core.data.transaction import Transaction
from core.engine.sql import connection_pool
from core.engine.sql.errors import DatabaseBusy
from core.engine.sql.reads import PLANNED_RUN
from tests.core.data.tables import Thing

CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
COUNT = select(func.count()).select_from(Thing)


class ChangedMind(Exception):
    pass


async def planned(tx: Transaction, name: str) -> None:
    await tx.insert(Thing, name=name, count=0, body="")


async def plain(tx: Transaction, name: str) -> None:
    tx.session.add(Thing(name=name))
    await tx.session.flush()


async def count(db: Database) -> int:
    async with db.read() as reads:
        found: int = await reads.scalar(COUNT)
    return found


ORDERS = [(planned, plain), (plain, planned), (planned, planned), (planned, plain, planned)]


@pytest.mark.parametrize("order", ORDERS)
async def test_statements_in_any_order_are_one_transaction(
    db: Database, order: tuple[object, ...]
) -> None:
    for done in (1, 2):  # the second time on a connection that was kept
        async with db.transaction() as tx:
            for number, add in enumerate(order):
                await add(tx, f"{done}.{number}")  # type: ignore[operator]
        with pytest.raises(ChangedMind):
            async with db.transaction() as tx:
                for number, add in enumerate(order):
                    await add(tx, f"undone {number}")  # type: ignore[operator]
                raise ChangedMind
        assert await count(db) == done * len(order)


async def test_what_a_plan_wrote_is_seen_and_goes_with_its_savepoint(db: Database) -> None:
    async with db.transaction() as tx:
        await planned(tx, "kept")
        assert await tx.session.scalar(COUNT) == 1
        with pytest.raises(ChangedMind):
            async with (await tx.session.connection()).begin_nested():
                await planned(tx, "undone")
                assert await tx.session.scalar(COUNT) == 2
                raise ChangedMind
        assert await tx.session.scalar(COUNT) == 1
    assert await count(db) == 1


async def test_a_broken_constraint_is_said_as_sqlalchemy_says_it(db: Database) -> None:
    for _ in range(2):
        with pytest.raises(IntegrityError):
            async with db.transaction() as tx:
                await tx.insert(Thing, name=None, count=0, body="")
    async with db.transaction() as tx:
        await planned(tx, "next")
    assert await count(db) == 1


async def test_who_waits_in_vain_for_a_connection_is_told_to_come_back(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_pool, "ACQUIRE_TIMEOUT_S", 0.05)
    pool = db._pool
    lent = [await pool.acquire() for _ in range(pool._connections)]
    with pytest.raises(DatabaseBusy):
        async with db.transaction():
            pass
    for connection in lent:
        await pool.rollback(connection, None, ChangedMind())
    async with db.transaction() as tx:
        await planned(tx, "then")
    assert await count(db) == 1


async def test_postgresql_compiles_no_statement(db: Database) -> None:
    if db.engine.dialect.name == "postgresql":
        assert await settings_of_each_connection(db, "jit") == ["off"] * 3


async def settings_of_each_connection(db: Database, name: str) -> list[str]:
    """Return the setting in reads without and with a plan, and in a transaction."""
    asked = select(func.current_setting(name))
    async with db.read() as reads:
        settings = [await reads.scalar(asked) for _ in range(PLANNED_RUN + 1)][-2:]
    async with db.transaction() as tx:
        settings.append(await tx.session.scalar(asked))
    return settings


@pytest.mark.parametrize("used", [planned, plain])
async def test_a_lost_connection_is_busy_once_and_then_replaced(db: Database, used: object) -> None:
    if db.engine.dialect.name != "postgresql":
        return
    end = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises((DatabaseBusy, DBAPIError)):
        async with db.transaction() as tx:
            await used(tx, "lost")  # type: ignore[operator]
            await tx.session.execute(end)
    async with db.transaction() as tx:
        await planned(tx, "next")
    assert await count(db) == 1


async def test_idle_connections_that_were_cut_are_replaced_unnoticed(db: Database) -> None:
    if db.engine.dialect.name != "postgresql":
        return
    async with db.transaction() as tx:
        await planned(tx, "before")
    async with db.engine.connect() as other:
        await other.execute(CUT)
    await sleep(0.1)
    async with db.transaction() as tx:
        await planned(tx, "after")
    async with db.transaction() as tx:
        assert await tx.session.scalar(COUNT) == 2


async def test_while_connections_break_whoever_is_not_through_is_told_to_come_back(
    db: Database,
) -> None:
    if db.engine.dialect.name != "postgresql":
        return
    through: list[str] = []
    others = create_async_engine(db.engine.url)

    async def write_on(writer: int) -> None:
        for number in range(40):
            name = f"{writer}.{number}"
            with suppress(DatabaseBusy):
                async with db.transaction() as tx:
                    await planned(tx, name)
                    await plain(tx, f"{name}.plain")
                through.append(name)

    async def cut() -> None:
        while True:
            async with others.connect() as other:
                await other.execute(CUT)
            await sleep(0.02)

    cutting = create_task(cut())
    await gather(*(write_on(writer) for writer in range(12)))
    cutting.cancel()
    await gather(cutting, return_exceptions=True)
    await others.dispose()
    there = await names_when_nothing_breaks(db)
    assert set(through) <= there and len(through) < 12 * 40
    assert {f"{name}.plain" for name in there if not name.endswith("plain")} <= there
    assert db._pool.lent == 0


async def names_when_nothing_breaks(db: Database) -> set[str]:
    """Return the names, after a retry, because the driver may report a cut connection only now."""
    async with timeout(20):
        while True:
            with suppress(DatabaseBusy):
                async with db.transaction() as tx:
                    return set(await tx.session.scalars(select(Thing.name)))


async def test_cancelled_within_a_planned_write_nothing_stays(db: Database) -> None:
    for moment in (0, 0.0005, 0.001, 0.002, 0.005):

        async def write() -> None:
            async with db.transaction() as tx:
                await planned(tx, "cancelled")
                await sleep(30)

        task = create_task(write())
        await sleep(moment)
        task.cancel()
        with pytest.raises(CancelledError):
            await task
    async with timeout(20):
        async with db.transaction() as tx:
            await planned(tx, "next")
    assert await count(db) == 1
    assert db._pool.lent == 0
