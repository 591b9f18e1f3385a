"""A model that differs from its migrations is reported before a request uses it."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from shutil import copyfile
from sqlite3 import connect

import pytest

from core.cli.models import digest_of_models
from core.data.migrations import History, check
from core.wiring.histories import histories
from tests.api.serving import ROOT, environment, run, serving
from tests.core.cli.installed import Installed
from tests.core.cli.test_command_line import IN_PRODUCTION, tell

pytestmark = pytest.mark.process

SHELF = """
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.data.models import Base, Identified


class Shelf(Identified, Base):
    __tablename__ = "shelves"

    made_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(50))
"""
BOX = """

class Box(Identified, Base):
    __tablename__ = "shelves_boxes"
"""
RELOADED = """
from core.cli.serve import reloaded_application

try:
    reloaded_application()
except SystemExit as error:  # which the server takes for the whole message
    print(error.code)
"""
UNMADE = "is in the model and in no migration: run `atrium revision shelves"
NO_TABLE = f"the table shelves {UNMADE} add_shelves`."
NO_BOXES = f"the table shelves_boxes {UNMADE} add_shelves_boxes`."


@pytest.fixture
def shelves(tmp_path: Path) -> Installed:
    module = Installed(tmp_path, "shelves")
    module.write("models.py", SHELF)
    return module


def test_the_tables_of_the_project_are_as_its_models_say(database_url: str) -> None:
    assert not any(check(database_url, histories()).values())


def test_the_check_of_a_module_needs_no_database(tmp_path: Path, shelves: Installed) -> None:
    away = {"DATABASE_URL": "postgresql://u:x@127.0.0.1:1/x"}
    done = tell(tmp_path, "module", "check", "shelves", **shelves.settings | away)
    assert (done.returncode, done.stdout) == (1, f"{NO_TABLE}\n"), done.stderr
    assert not (tmp_path / "var" / "atrium.db").exists()


def test_a_start_in_development_refuses_and_names_what_cures_it(
    tmp_path: Path, shelves: Installed
) -> None:
    shelves.write("models.py", SHELF + BOX)
    refused = tell(tmp_path, "serve", **shelves.settings)
    assert refused.stderr == f"atrium: {NO_TABLE} `atrium doctor` names 1 more.\n"
    assert refused.returncode == 1
    reloaded = subprocess.run(
        [sys.executable, "-c", RELOADED],
        env=environment(tmp_path, shelves.settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (reloaded.stdout, reloaded.stderr) == ("1\n", refused.stderr)
    run(tmp_path, "revision", "shelves", "add_shelves", **shelves.settings)
    with closing(connect(tmp_path / "var" / "atrium.db")) as database, database:
        database.execute("CREATE INDEX ix_users_of_an_operator ON users (locale)")
    with serving(tmp_path, **shelves.settings) as served:
        served.address()
        assert served.stop() == 0


def test_a_revision_is_written_in_form_and_only_its_path_is_printed(
    tmp_path: Path, shelves: Installed
) -> None:
    copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    index = (
        '    __table_args__ = (Index("ix_shelves_name_made_at_and_more", "name", "made_at", "id"),)'
    )
    shelves.write("models.py", f"{SHELF}{index}\n".replace("import String", "import Index, String"))
    run(tmp_path, "migrate", **shelves.settings)
    written = tell(tmp_path, "revision", "shelves", "add_shelves", **shelves.settings)
    (file,) = shelves.revisions()
    path = shelves.package / "migrations" / file
    assert (written.stdout, written.stderr) == (f"{path}\n", "")
    for command in (["check"], ["format", "--check"]):
        checked = [sys.executable, "-m", "ruff", *command, "--no-cache", str(path)]
        subprocess.run(checked, check=True, capture_output=True)


def test_a_migrated_database_is_compared_but_not_at_a_start_in_production(
    tmp_path: Path, shelves: Installed
) -> None:
    shelves.write("models.py", SHELF + BOX)
    production = IN_PRODUCTION | {"ADMIN_PASSWORD": ""} | shelves.settings
    run(tmp_path, "migrate", **production)
    examined = tell(tmp_path, "doctor", **production)
    assert examined.returncode == 1
    assert f"fix  models: {NO_TABLE}\nfix  models: {NO_BOXES}\n" in examined.stdout
    with serving(tmp_path, **production) as served:
        served.address()
        assert served.stop() == 0


def test_the_same_models_are_compared_once() -> None:
    known = histories()
    digest = digest_of_models("sqlite:///a.db", known)
    assert digest_of_models("sqlite:///a.db", known) == digest
    fewer = [*known[:-1], History(known[-1].module, Path("nowhere"))]
    others = {
        digest_of_models("sqlite:///b.db", known),
        digest_of_models("postgresql://a/b", known),
        digest_of_models("sqlite:///a.db", fewer),
    }
    assert len(others - {digest}) == 3
