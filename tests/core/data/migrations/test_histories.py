"""The tables of each history, the order of histories, and reads without alembic."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table

from core.data.migrations.revisions import (
    MIGRATIONS,
    History,
    MigrationError,
    histories_of,
    history_of,
    sorted_by_foreign_keys,
)
from core.data.models import Base
from core.kernel.contributions import WiringError
from tests.core.data.migrations.teams import Team


@pytest.fixture
def tables() -> Iterator[None]:
    """Declare `stock`, which refers to `wishes`, a module later in the order."""
    made = [
        Table("wishes", Base.metadata, Column("id", Integer, primary_key=True)),
        Table("stock_places", Base.metadata, Column("id", Integer, ForeignKey("wishes.id"))),
    ]
    yield
    for each in made:
        Base.metadata.remove(each)


def history(module: str) -> History:
    return History(module, Path(module))


@pytest.mark.usefixtures("tables")
def test_whose_tables_others_refer_to_comes_first() -> None:
    wired = [history(name) for name in ("core", "zebra", "stock", "apple", "wishes")]
    ordered = [each.module for each in sorted_by_foreign_keys(wired)]
    assert ordered == ["core", "zebra", "apple", "wishes", "stock"]


@pytest.mark.usefixtures("tables")
def test_a_circle_is_refused() -> None:
    back = Table("wishes_stock", Base.metadata, Column("id", ForeignKey("stock_places.id")))
    try:
        with pytest.raises(WiringError, match="in a circle: stock, wishes"):
            sorted_by_foreign_keys([history("stock"), history("wishes"), history("core")])
    finally:
        Base.metadata.remove(back)


def test_a_name_that_continues_another_is_refused() -> None:
    with pytest.raises(WiringError, match="Tables of notes_old have the prefix of notes"):
        histories_of({"notes": "core.data", "notes_old": "core.data"})


def test_what_is_ours_has_its_folder_here() -> None:
    assert history_of("core", "core").folder == MIGRATIONS / "core"


def test_an_installed_module_brings_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "acme_billing"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert history_of("billing", "acme_billing").folder == package / "migrations"
    sys.modules.pop("acme_billing")


def test_a_history_is_one_line(tmp_path: Path) -> None:
    stock = Team(tmp_path, "stock")
    assert stock.history.revisions == []
    assert [stock.makes("stock"), stock.makes("stock_places")] == stock.history.revisions
    (tmp_path / "stock" / "other.py").write_text("revision = 'other'\ndown_revision = 'gone'")
    with pytest.raises(MigrationError, match="other have none before them"):
        assert stock.history.revisions


def test_the_pending_revisions_are_read_without_alembic() -> None:
    asked = (
        "import sys, core.data.migrations as it; assert it.pending; print('alembic' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_a_command_knows_every_table_of_the_core() -> None:
    """A revision would otherwise drop those that it does not know."""
    known = (
        "from core.wiring.histories import histories; from core.data.models import Base;"
        "histories(); before = {*Base.metadata.tables};"
        "import core.app; print({*Base.metadata.tables} - before)"
    )
    said = subprocess.run([sys.executable, "-c", known], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
