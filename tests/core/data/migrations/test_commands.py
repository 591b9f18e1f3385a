"""Many teams, one database: the history of a module affects no other module."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest
from alembic.util import CommandError
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, text

from core.data.indexes import PartialIndex
from core.data.migrations import (
    MigrationError,
    check,
    current,
    downgrade,
    pending,
    revision,
    upgrade,
)
from core.data.migrations.connections import run
from core.data.models import Base
from core.kernel.contributions import WiringError
from tests.core.data.migrations.teams import Team, ask, do, of, schema
from tests.core.data.migrations.three_teams import core, stock, wishes

__all__ = ["core", "stock", "wishes"]

ROOT = Path(__file__).parents[4]
AT_ONCE = """
import sys
from pathlib import Path
from core.data.migrations import History, upgrade

histories = [History(each.name, each) for each in map(Path, sys.argv[2:])]
print(sum(map(len, upgrade(sys.argv[1], histories).values())))
"""


def test_two_teams_never_conflict(url: str, core: Team, stock: Team, wishes: Team) -> None:
    """Both histories begin at the same base, with the same ids, in either order."""
    upgrade(url, of(core, stock))
    assert pending(url, of(core, wishes, stock)) == {"wishes": ["r1"]}
    taken = upgrade(url, of(core, wishes, stock))
    assert taken == {"core": [], "wishes": ["r1"], "stock": []}
    assert {"core_audit", "stock", "wishes"} < set(schema(url))
    assert pending(url, of(core, wishes, stock)) == {}


def test_a_later_core_goes_under_the_modules_that_are_there(
    url: str, core: Team, stock: Team
) -> None:
    upgrade(url, of(core, stock))
    core.makes("core_jobs")
    assert upgrade(url, of(core, stock)) == {"core": ["r2"], "stock": []}


def test_a_module_taken_away_hinders_nobody(
    url: str, core: Team, stock: Team, wishes: Team
) -> None:
    upgrade(url, of(core, stock, wishes))
    do(url, "INSERT INTO stock VALUES (1, 7)")
    core.makes("core_jobs")
    wishes.makes("wishes_granted")
    for file in stock.folder.iterdir():
        file.unlink() if file.is_file() else None
    assert upgrade(url, of(core, wishes)) == {"core": ["r2"], "wishes": ["r2"]}
    assert ask(url, "SELECT count FROM stock") == 7, "its rows wait for its return"
    assert ask(url, "SELECT version_num FROM alembic_version_stock") == "r1"


def test_a_module_without_a_folder_has_nothing_to_do(url: str, core: Team, tmp_path: Path) -> None:
    bare = Team(tmp_path, "bare")
    bare.folder.rmdir()
    assert upgrade(url, of(core, bare)) == {"core": ["r1"], "bare": []}
    assert current(url, of(core, bare)) == {"core": "r1", "bare": None}


def test_an_empty_database_ends_as_an_upgraded_one(
    url: str, core: Team, stock: Team, wishes: Team, tmp_path: Path
) -> None:
    upgrade(url, of(core, stock))
    stock.writes(
        "with op.batch_alter_table('stock') as stock:\n"
        "    stock.add_column(sa.Column('place', sa.String(9), nullable=False))\n"
        "    stock.create_unique_constraint('uq_stock_place', ['place'])\n"
        "    stock.alter_column('count', nullable=False, existing_type=sa.Integer)"
    )
    core.makes("core_jobs")
    every = of(core, stock, wishes)
    upgrade(url, every)
    upgraded = schema(url)
    assert {"id", "count", "place"} == set(upgraded["stock"]["columns"])
    fresh = f"sqlite:///{tmp_path}/fresh.db" if url.startswith("sqlite") else url
    if fresh == url:
        do(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    upgrade(fresh, every)
    assert schema(fresh) == upgraded


def test_a_revision_that_fails_leaves_nothing_behind(
    url: str, core: Team, stock: Team, wishes: Team
) -> None:
    stock.makes("stock_places")
    stock.writes(
        "op.add_column('stock', sa.Column('half', sa.Integer))\n"
        "op.create_table('stock_half', sa.Column('id', sa.Integer))\n"
        "op.execute('INSERT INTO stock (id) VALUES (7)')\n"
        "raise RuntimeError('midway')"
    )
    with pytest.raises(WiringError, match="RuntimeError: midway, in "):
        upgrade(url, of(core, stock, wishes))
    assert current(url, of(core, stock, wishes)) == {"core": "r1", "stock": "r2", "wishes": None}
    found = schema(url)
    assert "stock_places" in found and "stock_half" not in found
    assert "half" not in found["stock"]["columns"] and ask(url, "SELECT count(*) FROM stock") == 0
    stock.count -= 1
    stock.writes("op.add_column('stock', sa.Column('half', sa.Integer))")
    taken = upgrade(url, of(core, stock, wishes))
    assert taken == {"core": [], "stock": ["r3"], "wishes": ["r1"]}


def test_a_newer_schema_is_refused_before_anything_is_touched(
    url: str, core: Team, stock: Team, tmp_path: Path
) -> None:
    newer = Team(tmp_path / "newer", "stock")
    newer.makes("stock", "sa.Column('count', sa.Integer)")
    newer.makes("stock_places")
    upgrade(url, of(newer))
    for attempt in (
        lambda: upgrade(url, of(core, stock)),
        lambda: pending(url, of(core, stock)),
        lambda: downgrade(url, stock.history),
    ):
        with pytest.raises(MigrationError, match=r"stock are at r2, newer .* run the newer code"):
            attempt()
    assert "core_audit" not in schema(url)


def test_a_module_is_walked_back_alone(url: str, core: Team, stock: Team) -> None:
    stock.makes("stock_places")
    stock.makes("stock_counts")
    upgrade(url, of(core, stock))
    assert downgrade(url, stock.history, "r1") == ["r3", "r2"]
    with pytest.raises(CommandError, match="-1"):
        downgrade(url, stock.history, "-1")
    assert downgrade(url, stock.history) == ["r1"]
    assert downgrade(url, stock.history) == []
    assert current(url, of(core, stock)) == {"core": "r1", "stock": None}


def test_a_rebuilt_table_keeps_the_rows_that_refer_to_it(
    url: str, stock: Team, wishes: Team
) -> None:
    """SQLite rebuilds a table with DROP TABLE, which would cascade."""
    key = "sa.ForeignKey('stock.id', ondelete='CASCADE')"
    wishes.makes("wishes_stock", f"sa.Column('stock_id', sa.Integer, {key})")
    upgrade(url, of(stock, wishes))
    do(url, "INSERT INTO stock VALUES (1, 1)", "INSERT INTO wishes_stock VALUES (1, 1)")
    stock.writes(
        "with op.batch_alter_table('stock') as stock:\n"
        "    stock.alter_column('count', nullable=False, existing_type=sa.Integer)"
    )
    upgrade(url, of(stock, wishes))
    assert ask(url, "SELECT count(*) FROM wishes_stock") == 1
    if url.startswith("sqlite"):
        stock.writes("op.execute('DELETE FROM stock')")
        with pytest.raises(MigrationError, match="a row of stock that does not exist"):
            upgrade(url, of(stock, wishes))
        assert current(url, of(stock, wishes)) == {"stock": "r2", "wishes": "r2"}


def test_who_comes_second_waits_and_finds_nothing_to_do(url: str, stock: Team) -> None:
    with ThreadPoolExecutor() as threads:
        first = threads.submit(run, url, lambda _: sleep(1.5), alone=True)
        sleep(0.5)
        second = threads.submit(upgrade, url, of(stock))
        sleep(0.3)
        assert not second.done() and "stock" not in schema(url)
        first.result()
        assert second.result() == {"stock": ["r1"]}
    assert upgrade(url, of(stock)) == {"stock": []}


@pytest.mark.process
def test_one_of_the_processes_that_migrate_at_once_does_it(
    url: str, core: Team, stock: Team, wishes: Team
) -> None:
    folders = [str(team.folder) for team in (core, stock, wishes)]
    command = [sys.executable, "-W", "error", "-c", AT_ONCE, url, *folders]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in started)
    assert [process.returncode for process in started] == [0, 0, 0]
    assert said == ["0", "0", "3"], "the others found nothing to do"


def test_an_index_can_be_built_while_another_process_waits(url: str, stock: Team) -> None:
    stock.writes(
        "import time; time.sleep(0.5)\n"
        "with op.get_context().autocommit_block():\n"
        "    op.create_index('ix', 'stock', ['count'], postgresql_concurrently=True)"
    )
    with ThreadPoolExecutor() as threads:
        both = [threads.submit(upgrade, url, of(stock)) for _ in range(2)]
        taken = [each.result(timeout=30) for each in both]
    assert sorted(len(each["stock"]) for each in taken) == [0, 2]


@pytest.fixture
def models() -> Iterator[None]:
    made = [
        Table(
            "stock",
            Base.metadata,
            Column("id", Integer, primary_key=True),
            Column("name", String(9)),
            PartialIndex("ix_stock_named", "name", where=text("name <> ''")),
        ),
        Table("wishes_more", Base.metadata, Column("id", Integer, primary_key=True)),
    ]
    yield
    for each in made:
        Base.metadata.remove(each)


def definition_of_the_index(url: str) -> str:
    if url.startswith("sqlite"):
        return str(ask(url, "SELECT sql FROM sqlite_master WHERE name = 'ix_stock_named'"))
    return str(ask(url, "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_stock_named'"))


@pytest.mark.usefixtures("models")
def test_a_new_revision_sees_only_the_tables_of_its_module(
    url: str, stock: Team, wishes: Team
) -> None:
    upgrade(url, of(stock, wishes))
    assert all(check(url, of(stock, wishes)).values())
    written = revision(url, stock.history, "name, not count")
    assert written.parent == stock.folder and written.name.endswith("_name_not_count.py")
    code = written.read_text()
    assert "name" in code and "drop_column" in code and "wishes" not in code
    assert "sqlite_where" in code and "postgresql_where" in code
    upgrade(url, of(stock, wishes))
    assert " WHERE " in definition_of_the_index(url)
    assert [bool(it) for it in check(url, of(stock, wishes)).values()] == [False, True]


@pytest.mark.usefixtures("models")
def test_a_revision_is_written_over_no_other_and_over_no_older_tables(
    url: str, stock: Team
) -> None:
    with pytest.raises(
        MigrationError, match="The revision r1 is not applied: run `atrium migrate` first"
    ):
        revision(url, stock.history, "name")
    upgrade(url, of(stock))
    written = revision(url, stock.history, 'the "name"')
    before = written.read_text()
    upgrade(url, of(stock))
    with pytest.raises(MigrationError, match=r"the_name\.py exists already: .* another name"):
        revision(url, stock.history, 'the "name"')
    assert written.read_text() == before


def test_an_index_of_some_rows_is_made_with_its_table(url: str) -> None:
    metadata = MetaData()
    named = PartialIndex("ix_stock_named", "name", where=text("name <> ''"))
    Table("stock", metadata, Column("name", String(9)), named)

    def create(connection: Connection) -> None:
        metadata.create_all(connection)
        connection.commit()

    run(url, create)
    assert " WHERE " in definition_of_the_index(url)
