"""The folders of modules can be deleted: the rest works, and so do its tests.

Only `users` and `auth` stay, because core requires them.
"""

import subprocess
import sys
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from core.testing.databases import Databases
from tests.copies import copy_project

pytestmark = pytest.mark.process

FOLDERS = ("config", "core", "docs", "migrations", "modules")

ASK = """
import asyncio
import sys
from core.app import create_app
from core.testing import register

async def main():
    app = create_app()
    async with app.lifespan(), register(app, "a@example.com", "The Admin", ("admin",)) as admin:
        for path in sys.argv[2:]:
            answer = await admin.client.get(path)
            print(path, answer.status_code, sys.argv[1] in answer.text)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def smaller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project without the examples."""
    root = tmp_path_factory.mktemp("smaller")
    return project_without(root, "posts", "hello", folders=(*FOLDERS, "tests"))


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project without the modules that `admin` does not need."""
    return project_without(tmp_path_factory.mktemp("smallest"), "posts", "hello", "files", "health")


def project_without(root: Path, *gone: str, folders: tuple[str, ...] = FOLDERS) -> Path:
    copy_project(Path(), root, folders)
    for module in gone:
        rmtree(root / "modules" / module, ignore_errors=True)  # it may be gone already
    return root


def run(root: Path, *arguments: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def environ(databases: Databases, tmp_path: Path) -> dict[str, str]:
    """Return settings with the database of the whole project."""
    url = databases.fresh("sqlite", tmp_path)
    place = {"DATABASE_URL": url, "DATA_DIR": str(tmp_path), "PUBLIC_URL": "http://test"}
    return {"ENVIRONMENT": "test", "LOG_LEVEL": "error", **place}


def test_the_rest_works_over_the_same_database(smaller: Path, environ: dict[str, str]) -> None:
    paths = ("/health/ready", "/api/v1/posts", "/api/v1/hello/you", "/docs/openapi.json")
    answers = run(smaller, "-c", ASK, "posts", *paths, **environ)
    assert answers.splitlines() == [
        "/health/ready 200 False",
        "/api/v1/posts 404 False",
        "/api/v1/hello/you 404 False",
        "/docs/openapi.json 200 False",
    ]


def test_admin_works_without_the_modules_that_it_does_not_need(
    smallest: Path, environ: dict[str, str]
) -> None:
    admin = "/api/v1/admin"
    paths = [f"{admin}/{it}" for it in ("files", "users", "sessions", "permissions", "modules")]
    answers = run(smallest, "-c", ASK, "files", *paths, **environ)
    assert answers.splitlines() == [
        f"{admin}/files 404 False",
        f"{admin}/users 200 False",
        f"{admin}/sessions 200 False",
        f"{admin}/permissions 200 False",
        f"{admin}/modules 200 False",
    ]


def test_a_leftover_import_fails(smallest: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """The twin of the test above: the copy does not import what only the original has."""
    copied = copytree(smallest, tmp_path / "leftover")
    plugin = copied / "modules" / "admin" / "plugin.py"
    plugin.write_text(f"{plugin.read_text()}\nimport modules.files.public\n")
    with pytest.raises(AssertionError, match=r"No module named 'modules\.files'"):
        run(copied, "-c", ASK, "files", "/api/v1/admin/users", **environ)


def test_its_tests_go_with_it(smaller: Path) -> None:
    collected = run(smaller, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    assert "tests/modules/health" in collected
    assert "tests/modules/posts" not in collected and "tests/modules/hello" not in collected
