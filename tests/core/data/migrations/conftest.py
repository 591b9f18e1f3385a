from collections.abc import Iterator
from pathlib import Path

import pytest

from core.testing.databases import BACKENDS, postgres_database, postgres_server


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of an empty database, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/test.db"
        return
    with postgres_database(postgres_server()) as fresh:
        yield fresh
