"""The modules of the tutorials: a copy of the project with them, and commands in this copy."""

import os
import subprocess
import sys
from itertools import chain
from pathlib import Path
from shutil import copyfile

from tests.copies import copy_project
from tests.docs.pages import ROOT, Block, blocks_of

TUTORIALS = {"notes": ROOT / "README.md", "rooms": ROOT / "docs" / "modules.md"}
"""The pages whose blocks are the files of a module."""


def copy_with_tutorials(copy: Path) -> None:
    copy_project(ROOT, copy, ("config", "core", "docs", "modules", "migrations", "tests"))
    copyfile(ROOT / "Makefile", copy / "Makefile")
    for block in chain.from_iterable(map(files_of, TUTORIALS.values())):
        target = copy / str(block.file)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.content)
    atrium = ("core.cli",)
    for command in (
        (*atrium, "migrate"),
        (*atrium, "revision", "notes", "first"),
        (*atrium, "revision", "rooms", "bookings"),
        ("tests.pins",),
    ):
        ended = in_tree([sys.executable, "-m", *command], copy)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def files_of(page: Path) -> list[Block]:
    return [each for each in blocks_of(page) if each.file]


def in_tree(command: list[str], tree: Path) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in [each for each in env if each.startswith(("PYTEST_", "COV_"))]:
        del env[name]
    return subprocess.run(
        command, cwd=tree, env=env, capture_output=True, text=True, timeout=200, check=False
    )
