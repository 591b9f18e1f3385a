"""Copies of the project, in which no program imports from the original."""

from collections.abc import Iterable
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns

ONLY_THE_COPY = '''"""Remove the editable installation, which finds the original."""

import sys

sys.meta_path[:] = [it for it in sys.meta_path if "__editable__" not in it.__module__]
sys.path[:] = [it for it in sys.path if "__editable__" not in it]
'''


def copy_project(source: Path, target: Path, folders: Iterable[str]) -> None:
    """Copy these folders; a program with the copy in its PYTHONPATH imports from there alone."""
    for folder in folders:
        copytree(source / folder, target / folder, ignore=ignore_patterns("__pycache__"))
    copyfile(source / "pyproject.toml", target / "pyproject.toml")
    (target / "sitecustomize.py").write_text(ONLY_THE_COPY)
