from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.data.database import Database
from core.data.engines import open_database
from core.data.invalidation_poller import Announcement
from core.engine.sql.cache_versions import CacheVersions
from core.events.models import Delivery, RecordedEvent, ScheduledRun
from core.testing.databases import Databases
from tests.core.events.processes import METADATA, FakeClock
from tests.core.shared_tables import databases_with

OF_CORE = [Announcement, RecordedEvent, Delivery, ScheduledRun]


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """Yield the log records, without the tracebacks of the expected failures."""
    with capture_logs() as logged:
        yield logged


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    with databases_with(tmp_path_factory.mktemp("tables"), METADATA, OF_CORE) as databases:
        yield databases


@pytest.fixture
async def other_db(
    db: Database, url: str, cache_versions: CacheVersions
) -> AsyncIterator[Database]:
    """Yield the same database as another process opens it."""
    database = open_database(url, cache_versions)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=[False, True], ids=["apart", "transactional"])
def transactional(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
