"""The modules of three teams, each with one table."""

from pathlib import Path

import pytest

from tests.core.data.migrations.teams import Team


@pytest.fixture
def core(tmp_path: Path) -> Team:
    team = Team(tmp_path, "core")
    team.makes("core_audit")
    return team


@pytest.fixture
def stock(tmp_path: Path) -> Team:
    team = Team(tmp_path, "stock")
    team.makes("stock", "sa.Column('count', sa.Integer)")
    return team


@pytest.fixture
def wishes(tmp_path: Path) -> Team:
    team = Team(tmp_path, "wishes")
    team.makes("wishes")
    return team
