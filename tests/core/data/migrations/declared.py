"""A module whose models a test declares."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, Table

from core.data.models import Base
from tests.core.data.migrations.teams import Team

ROOT = Path(__file__).parents[4]


@pytest.fixture
def stock(tmp_path: Path) -> Team:
    return Team(tmp_path, "stock")


@contextmanager
def declared(*tables: Table) -> Iterator[None]:
    try:
        yield
    finally:
        for table in tables:
            Base.metadata.remove(table)


def table(*columns: Any, name: str = "stock") -> Table:
    return Table(name, Base.metadata, Column("id", Integer, primary_key=True), *columns)
