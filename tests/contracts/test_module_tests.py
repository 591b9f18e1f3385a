"""The tests of a module import of the core only its public faces."""

import ast
from collections.abc import Iterator
from pathlib import Path

FACES = ("core.kit", "core.kit.platform", "core.testing")
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
    inner = {name: [*inner_imports(file)] for name, file in files.items()}
    assert {name: imports for name, imports in inner.items() if imports} == {}
