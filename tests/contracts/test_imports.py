"""The import contracts of pyproject.toml hold, and each of them can be broken."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

pytestmark = pytest.mark.process


def lint(root: Path) -> tuple[int, str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return found.returncode, found.stdout


def test_they_hold() -> None:
    status, report = lint(Path())
    assert status == 0, report


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("core/kernel/events.py", "import core.data.models", "Layers"),
        ("core/left_out.py", "import core.app", "Layers"),
        ("core/wiring/module.py", "import modules.files.plugin", "The core knows no module"),
        ("config/logging.py", "import core.kernel.errors", "Settings import nothing"),
        ("core/kernel/pages.py", "import sqlalchemy", "Plain values"),
        ("core/data/models.py", "import litestar", "The engines, data and events"),
        ("core/engine/sql/reads.py", "import core.engine.http.asgi", "The two engines"),
        ("core/engine/sql/reads.py", "import core.data.models", "Layers"),
        ("core/data/models.py", "import core.engine.sql.lanes", "An engine is entered"),
        ("core/security/policies.py", "import sqlalchemy", "Security knows nothing of tables"),
        ("modules/health/service.py", "import core.kernel.errors", "Modules import of the core"),
        ("modules/health/service.py", "import modules.files.models", "A module is entered"),
        ("modules/files/models.py", "import modules.auth.passwords.hashing", "A module is entered"),
        ("modules/users/public.py", "import modules.auth.plugin", "Modules do not lean"),
        ("modules/files/models.py", "import litestar", "Services know nothing of HTTP"),
        ("modules/files/router.py", "import sqlalchemy", "Routers know nothing"),
    ],
)
def test_each_can_be_broken(tmp_path: Path, file: str, line: str, contract: str) -> None:
    for each in ("config", "core", "modules"):
        copytree(each, tmp_path / each)
    (tmp_path / "pyproject.toml").write_text(Path("pyproject.toml").read_text())
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{line}\n")
    status, report = lint(tmp_path)
    broken = [each for each in report.splitlines() if " BROKEN" in each]
    assert status == 1 and [each for each in broken if each.startswith(contract)], report
