from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection

from core.data.audit import AuditEntry
from core.data.database import Database
from core.data.engines import open_database
from core.data.invalidation_poller import Announcement, InvalidationPoller
from core.data.migrations.connections import run
from core.data.models import Base
from core.engine.sql.cache_versions import CacheVersions
from core.testing.databases import Databases
from tests.core.data.tables import Tables

OWN = [Base.metadata.tables[it.__tablename__] for it in (AuditEntry, Announcement)]


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    with ExitStack() as stack:
        yield Databases(tmp_path_factory.mktemp("tables"), stack, make_tables)


def make_tables(url: str) -> None:
    run(url, create_all)


def create_all(connection: Connection) -> None:
    Tables.metadata.create_all(connection)
    Base.metadata.create_all(connection, tables=OWN)
    connection.commit()


@pytest.fixture
async def db(url: str, cache_versions: CacheVersions) -> AsyncIterator[Database]:
    database = open_database(url, cache_versions)
    yield database
    await database.close()


@pytest.fixture
async def heard(db: Database, cache_versions: CacheVersions) -> None:
    """Poll the other machines, so that cached values are valid for two seconds."""
    if cache_versions.must_poll:
        await InvalidationPoller(db, cache_versions).hear()
