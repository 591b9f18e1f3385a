from collections.abc import Iterator

import pytest

from core.data.audit import AuditEntry
from core.data.database import Database
from core.data.invalidation_poller import Announcement, InvalidationPoller
from core.engine.sql.cache_versions import CacheVersions
from core.testing.databases import Databases
from tests.core.data.tables import Tables
from tests.core.shared_tables import databases_with

OF_CORE = [AuditEntry, Announcement]


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    folder = tmp_path_factory.mktemp("tables")
    with databases_with(folder, Tables.metadata, OF_CORE) as databases:
        yield databases


@pytest.fixture
async def heard(db: Database, cache_versions: CacheVersions) -> None:
    """Poll the other machines, so that cached values are valid for two seconds."""
    if cache_versions.must_poll:
        await InvalidationPoller(db, cache_versions).hear()
