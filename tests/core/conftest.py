"""A database for each test, and the versions of its caches."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.data.database import Database
from core.data.engines import open_database
from core.engine.sql.cache_versions import CacheVersions
from core.testing.databases import BACKENDS, Databases


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tables: Databases, tmp_path: Path) -> str:
    """Return a database with the tables of a folder and no rows, on SQLite and on PostgreSQL."""
    return tables.fresh(request.param, tmp_path)


@pytest.fixture
def cache_versions(tmp_path: Path) -> Iterator[CacheVersions]:
    shared = CacheVersions(tmp_path / "generations")
    yield shared
    shared.close()


@pytest.fixture
async def db(url: str, cache_versions: CacheVersions) -> AsyncIterator[Database]:
    database = open_database(url, cache_versions)
    yield database
    await database.close()
