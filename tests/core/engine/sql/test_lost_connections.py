"""A connection of a read that the server has closed is replaced, also if the read is cancelled."""

from asyncio import Event, create_task, gather
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from core.data.database import Database
from core.data.engines import open_database
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.lanes import Lane
from core.engine.sql.postgres.reads import LentConnection, PostgresReads
from core.testing.databases import HAS_POSTGRES, HOW_TO_GET_POSTGRES, Databases
from tests.core.data.tables import Thing

pytestmark = pytest.mark.skipif(not HAS_POSTGRES, reason=HOW_TO_GET_POSTGRES)


@pytest.fixture
def url(tables: Databases) -> Iterator[str]:
    with tables.copy() as copied:
        yield copied


async def read(db: Database) -> None:
    async with db.read() as reads:
        await reads.scalars(select(Thing.name))


async def test_a_read_that_is_cancelled_while_it_connects_gives_no_lost_connection_back(
    url: str, cache_versions: CacheVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, connecting = open_database(url, cache_versions, 5.0), Event()
    await read(db)
    assert isinstance(db._reads, PostgresReads)
    idle = db._reads._idle[Lane.trial]
    lent = idle.get_nowait()
    assert lent
    await lent.driver.close()
    idle.put_nowait(lent)

    async def connect_for_ever(lane: Lane) -> LentConnection:
        connecting.set()
        await Event().wait()
        return lent

    monkeypatch.setattr(db._reads, "_open", connect_for_ever)
    task = create_task(read(db))
    await connecting.wait()
    task.cancel()
    await gather(task, return_exceptions=True)
    assert idle.get_nowait() is None
    idle.put_nowait(None)
    await db.close()
