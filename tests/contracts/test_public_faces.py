"""The public face of a module has at most 12 names, and none of them holds a password hash."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

MAX_NAMES = 12
FACES = sorted(Path("modules").glob("*/public.py"))


def names_of(face: Path) -> Iterator[str]:
    """Yield what the file defines, and what it imports for others as `email_key as email_key`."""
    for node in ast.parse(face.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.asname == alias.name)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.parent.name)
def test_a_public_face_has_few_names(face: Path) -> None:
    names = [*names_of(face)]
    assert 0 < len(names) <= MAX_NAMES, names


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.parent.name)
def test_a_public_face_holds_no_hash(face: Path) -> None:
    assert "hash" not in face.read_text()
