from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.data.database import Database
from core.data.engines import open_database
from core.data.invalidation_poller import Announcement
from core.data.models import Base
from core.engine.sql.cache_versions import CacheVersions
from core.events.models import Delivery, RecordedEvent, ScheduledRun
from core.testing.databases import BACKENDS, postgres_database, postgres_server
from tests.core.events.processes import METADATA, FakeClock

OWN: Any = [each.__table__ for each in (Announcement, RecordedEvent, Delivery, ScheduledRun)]


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """Failures here are meant, and their tracebacks need no drawing."""
    with capture_logs() as logged:
        yield logged


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/test.db"
        return
    with postgres_database(postgres_server()) as fresh:
        yield fresh


@pytest.fixture
def cache_versions(tmp_path: Path) -> Iterator[CacheVersions]:
    shared = CacheVersions(tmp_path / "generations")
    yield shared
    shared.close()


@pytest.fixture
async def db(
    url: str, cache_versions: CacheVersions, anyio_backend: str
) -> AsyncIterator[Database]:
    database = open_database(url, cache_versions)
    async with database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.run_sync(Base.metadata.create_all, tables=OWN)
    yield database
    await database.close()


@pytest.fixture
async def other_db(
    db: Database, url: str, cache_versions: CacheVersions
) -> AsyncIterator[Database]:
    """The same database, as another process has it open."""
    database = open_database(url, cache_versions)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=[False, True], ids=["apart", "transactional"])
def transactional(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
