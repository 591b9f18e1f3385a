"""A database without tables, and the versions of its caches."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine.sql.cache_versions import CacheVersions
from core.testing.databases import BACKENDS, postgres_database, postgres_server


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
