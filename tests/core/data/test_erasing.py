"""Sweeps delete and change many rows, and wait for no other transaction meanwhile."""

from asyncio import timeout
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from core.data.database import Database
from core.data.erasing import delete_all, update_some
from core.kernel.clock import utc_now
from core.wiring.container import CoreContainer
from modules.auth.models import Attempts

PAST = utc_now() - timedelta(days=40)
OLD = Attempts.forget_at < PAST + timedelta(days=1)


@pytest.fixture
def backend() -> str:
    """SQLite has one writer and locks no rows."""
    return "postgresql"


@pytest.fixture
async def db(core: CoreContainer) -> Database:
    """Return a database with three old rows of sign-in attempts."""
    found = core.db()
    row = {"failures": 1, "since": PAST, "open_at": PAST, "forget_at": PAST}
    async with found.transaction() as tx:
        await tx.session.execute(insert(Attempts), [{"key": key, **row} for key in "abc"])
    return found


async def keys(db: Database, *which: Any) -> list[str]:
    async with db.read() as reads:
        rows = await reads.execute(select(Attempts.key).where(*which).order_by(Attempts.key))
        return [row.key for row in rows.all()]


async def test_a_sweep_leaves_rows_that_another_transaction_has_locked(db: Database) -> None:
    async with db.engine.connect() as guess, guess.begin():
        await guess.execute(select(Attempts).where(Attempts.key == "b").with_for_update())
        async with timeout(20):
            await delete_all(db, Attempts, OLD)
        assert await keys(db) == ["b"]
    await delete_all(db, Attempts, OLD)
    assert await keys(db) == []


async def test_a_row_that_is_renewed_while_a_sweep_looks_at_it_stays(db: Database) -> None:
    async with db.engine.connect() as guess, guess.begin():
        await guess.execute(update(Attempts).where(Attempts.key == "b").values(forget_at=utc_now()))
        async with timeout(20):
            await delete_all(db, Attempts, OLD)
    await delete_all(db, Attempts, OLD)
    assert await keys(db) == ["b"]


async def test_a_change_of_many_rows_leaves_those_that_are_locked(db: Database) -> None:
    wrong, none = Attempts.failures > 0, {"failures": 0}
    async with db.engine.connect() as guess, guess.begin():
        await guess.execute(select(Attempts).where(Attempts.key == "b").with_for_update())
        async with timeout(20):
            while await update_some(db, Attempts, none, wrong):
                pass
        assert await keys(db, wrong) == ["b"]
