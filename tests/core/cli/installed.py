"""A module of another team, installed beside the project: its tables, and no route."""

from pathlib import Path
from textwrap import dedent

from tests.api.serving import ROOT

PLUGIN = """
from core.wiring.module import Module


class Plugin(Module): ...
"""


class Installed:
    """Give `settings` to a command, which then finds the module."""

    def __init__(self, folder: Path, name: str) -> None:
        self.package, self.name = folder / "installed" / f"acme_{name}", name
        self.settings = {"PYTHONPATH": f"{ROOT}:{folder}/installed"}
        self.package.mkdir(parents=True)
        (self.package / "__init__.py").write_text(f'"""Keeps {name}."""\n')
        (self.package / "plugin.py").write_text(PLUGIN)
        self._register(folder / "installed" / f"acme_{name}-1.dist-info")

    def _register(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: acme_{self.name}\nVersion: 1\n"
        )
        entry = f"[atrium.modules]\n{self.name} = acme_{self.name}.plugin:Plugin\n"
        (folder / "entry_points.txt").write_text(entry)

    def write(self, file: str, source: str) -> None:
        (self.package / file).write_text(dedent(source))

    def revisions(self) -> list[str]:
        return sorted(each.name for each in self.package.glob("migrations/*.py"))
