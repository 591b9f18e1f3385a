"""The tests of a module import of the core only its public faces."""

import ast
from collections.abc import Iterator
from pathlib import Path

FACES = ("core.kit", "core.kit.platform", "core.testing")
LOOK_INSIDE = {
    "auth/test_login.py",
    "auth/test_password_revisions.py",
    "auth/test_refresh.py",
    "files/test_files.py",
    "files/test_uploads_under_way.py",
    "health/test_router.py",
    "users/test_email_keys.py",
    "users/test_erasure.py",
    "users/test_records.py",
}
"""Tests of the modules that complete the core, which replace or count a part of it."""
TESTS = Path("tests/modules")


def inner_imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.startswith("core.") and name not in FACES)


def test_module_tests_import_the_faces_of_the_core() -> None:
    files = {file.relative_to(TESTS).as_posix(): file for file in TESTS.rglob("*.py")}
    inner = {name for name, file in files.items() if [*inner_imports(file)]}
    assert inner == LOOK_INSIDE & files.keys()
