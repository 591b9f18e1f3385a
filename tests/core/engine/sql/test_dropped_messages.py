"""PostgreSQL drops a message after the statement timeout passed since a statement was prepared.

The dropped message may be the one that closes the connection, which then stays open.
"""

from asyncio import sleep, timeout
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text

from core.data.database import Database
from core.data.engines import open_database
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.connection_pool import dbapi_connection_of
from core.engine.sql.lanes import Lane
from core.engine.sql.postgres.reads import PostgresReads
from core.testing.databases import HAS_POSTGRES, HOW_TO_GET_POSTGRES, Databases
from tests.core.data.tables import Thing

pytestmark = pytest.mark.skipif(not HAS_POSTGRES, reason=HOW_TO_GET_POSTGRES)

TIMEOUT_S = 0.1
NAMES = select(Thing.name)


@pytest.fixture
def url(tables: Databases) -> Iterator[str]:
    with tables.copy() as copied:
        yield copied


@pytest.fixture
def db(url: str, cache_versions: CacheVersions) -> Database:
    return open_database(url, cache_versions, TIMEOUT_S)


async def prepare_and_let_the_time_pass(driver: Any) -> None:
    await driver.prepare("SELECT 1")
    await sleep(3 * TIMEOUT_S)


async def driver_of_a_read(db: Database) -> Any:
    async with db.read() as reads:
        await reads.scalars(NAMES)
    assert isinstance(db._reads, PostgresReads)
    idle = db._reads._idle[Lane.trial]
    lent = idle.get_nowait()
    idle.put_nowait(lent)
    assert lent
    return lent.driver


async def test_the_connection_of_a_read(db: Database) -> None:
    await prepare_and_let_the_time_pass(await driver_of_a_read(db))
    async with timeout(20):
        await db.close()


async def test_the_connection_of_a_transaction(db: Database) -> None:
    async with db.transaction() as tx:
        driver = dbapi_connection_of(tx.connection).driver_connection
        await tx.session.execute(text("SELECT 1"))
    await prepare_and_let_the_time_pass(driver)
    async with timeout(20):
        await db.close()


async def test_the_next_read_is_answered(db: Database) -> None:
    await prepare_and_let_the_time_pass(await driver_of_a_read(db))
    async with db.read() as reads:
        assert (await reads.scalars(NAMES)).all() == []
    await db.close()
