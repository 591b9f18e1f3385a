"""`atrium serve --reload` starts again with a revision that was written, and applies it."""

from contextlib import closing, suppress
from pathlib import Path
from sqlite3 import connect

import pytest
from httpx import TransportError

from tests.api.serving import client_at, eventually, serving
from tests.core.cli.installed import Installed

pytestmark = pytest.mark.process

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "shelves_first"
down_revision = None


def upgrade() -> None:
    op.create_table("shelves", sa.Column("id", sa.Uuid(), primary_key=True))


def downgrade() -> None:
    op.drop_table("shelves")
"""
ROUTER = """
from litestar import Controller
from core.kit import get

from core.kernel.schemas import Schema
from core.security.policies import public


class Shelf(Schema):
    name: str


class Shelves(Controller):
    @get(summary="Read a shelf", policy=public)
    async def read_shelf(self) -> Shelf:
        return Shelf(name="{name}")
"""
PLUGIN = """
from acme_shelves.router import Shelves
from core.wiring.module import Module


class Plugin(Module):
    controllers = (Shelves,)
"""


@pytest.fixture
def shelves(tmp_path: Path) -> Installed:
    module = Installed(tmp_path, "shelves")
    module.write("plugin.py", PLUGIN)
    module.write("router.py", ROUTER.replace("{name}", "old"))
    (module.package / "migrations").mkdir()
    return module


def has_shelves(folder: Path) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE name = 'shelves'"
    with closing(connect(folder / "var" / "atrium.db")) as database:
        return database.execute(query).fetchone() is not None


def name_served(address: str) -> str | None:
    """Return the response of the module; None while the worker is replaced."""
    with suppress(TransportError), client_at(address) as client:
        name: str = client.get("/shelves").json()["name"]
        return name
    return None


def test_what_an_installed_module_changes_is_served_and_its_revisions_applied(
    tmp_path: Path, shelves: Installed
) -> None:
    folder = tmp_path / "elsewhere"  # another folder than that of the sources
    folder.mkdir()
    with serving(folder, "--reload", **shelves.settings) as served:
        try:
            address = served.address()
            assert name_served(address) == "old"
            shelves.write("router.py", ROUTER.replace("{name}", "new"))
            shelves.write("migrations/20260101_first.py", REVISION)
            eventually(lambda: has_shelves(folder))
            eventually(lambda: name_served(address) == "new")
        finally:
            assert served.stop() == 0
