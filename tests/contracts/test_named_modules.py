"""No text of core has the path of a module: core would need the module without an import."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MODULES = sorted(each.parent.name for each in Path("modules").glob("*/plugin.py"))
NAMED = re.compile(rf"\bmodules\.(?:{'|'.join(MODULES)})\b")


def named_modules(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from NAMED.findall(node.value)


def test_the_core_names_none() -> None:
    files = {str(file): [*named_modules(file.read_text())] for file in Path("core").rglob("*.py")}
    assert "core/testing/plugin.py" in files
    assert {file: names for file, names in files.items() if names} == {}


def test_a_text_with_a_path_is_found() -> None:
    source = f'patch.setattr("modules.{MODULES[0]}.passwords.MEMORY_KIB", 64)'
    assert [*named_modules(source)] == [f"modules.{MODULES[0]}"]
