"""The databases of the tests of `core.data`, for the engine below it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.testing.databases import BACKENDS, Databases
from tests.core.data.conftest import heard, tables

__all__ = ["heard", "tables"]


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tables: Databases, tmp_path: Path) -> Iterator[str]:
    """Yield a database of one test, because tests of the engine cut its connections."""
    if request.param == "sqlite":
        yield tables.fresh("sqlite", tmp_path)
        return
    with tables.copy() as copied:
        yield copied
