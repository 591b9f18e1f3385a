from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.data.audit import AuditEntry
from core.data.database import Database
from core.data.engines import open_database
from core.data.invalidation_poller import Announcement, InvalidationPoller
from core.data.migrations.connections import run
from core.data.models import Base
from core.engine.sql.cache_versions import CacheVersions
from core.testing.databases import BACKENDS, postgres_database, postgres_server
from tests.core.data.tables import Tables

OWN = [Base.metadata.tables[it.__tablename__] for it in (AuditEntry, Announcement)]


@pytest.fixture(scope="session")
def template() -> Iterator[str]:
    """A PostgreSQL database with the tables, which is quicker copied than made again."""
    with postgres_database(postgres_server()) as url:
        run(url, make_tables)
        yield url


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the tables and no rows, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        run(f"sqlite:///{tmp_path}/test.db", make_tables)
        yield f"sqlite:///{tmp_path}/test.db"
        return
    with postgres_database(postgres_server(), request.getfixturevalue("template")) as fresh:
        yield fresh


def make_tables(connection: Connection) -> None:
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
    """Other machines have just been asked; what is remembered counts for two seconds."""
    if cache_versions.must_poll:
        await InvalidationPoller(db, cache_versions).hear()
