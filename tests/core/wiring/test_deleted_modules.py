"""The folders of `posts` and `hello` can be deleted: what is left works, and so do its tests."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

import pytest

from core.testing.databases import Databases

pytestmark = pytest.mark.process

ASK = """
import asyncio
from core.app import create_app
from core.testing import client_of

async def main():
    app = create_app()
    async with app.lifespan(), client_of(app) as client:
        for path in ("/health/ready", "/api/v1/posts", "/api/v1/hello/you", "/docs/openapi.json"):
            answer = await client.get(path)
            print(path, answer.status_code, "posts" in answer.text)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def smaller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without the two."""
    root = tmp_path_factory.mktemp("smaller")
    for folder in ("config", "core", "docs", "migrations", "modules", "tests"):
        copytree(folder, root / folder, ignore=ignore_patterns("__pycache__"))
    (root / "pyproject.toml").write_text(Path("pyproject.toml").read_text())
    for gone in ("posts", "hello"):
        rmtree(root / "modules" / gone, ignore_errors=True)  # it may be gone already
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


def test_the_rest_works_over_the_same_database(
    smaller: Path, databases: Databases, tmp_path: Path
) -> None:
    url = databases.fresh("sqlite", tmp_path)
    environ = {"DATABASE_URL": url, "DATA_DIR": str(tmp_path), "PUBLIC_URL": "http://test"}
    answers = run(smaller, "-c", ASK, ENVIRONMENT="test", LOG_LEVEL="error", **environ)
    assert answers.splitlines() == [
        "/health/ready 200 False",
        "/api/v1/posts 404 False",
        "/api/v1/hello/you 404 False",
        "/docs/openapi.json 200 False",
    ]


def test_its_tests_go_with_it(smaller: Path) -> None:
    collected = run(smaller, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    assert "tests/modules/health" in collected
    assert "tests/modules/posts" not in collected and "tests/modules/hello" not in collected
