"""Each `Any` of a module has its reason in a comment of its line: `# Any: a claim has any type`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REASON = "# Any: "
FILES = sorted(Path("modules").rglob("*.py"))

BARE = """
def one(given: Any) -> None: ...
def other(
    first: object,  # Any: of another line
    given: dict[str, typing.Any],
) -> None: ...
kept: "list[Any]" = []
"""
RIGHT = """
from typing import Any
'''Any other use is refused.'''
def one(given: Any) -> None: ...  # Any: the body of a client
"""


def unexplained(source: str) -> Iterator[int]:
    """Yield the line of each `Any` that has no reason beside it."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id="Any") | ast.Attribute(attr="Any"):
                found = True
            case ast.AnnAssign(annotation=ast.Constant(value=str(text))):
                found = "Any" in text
            case _:
                continue
        if found and REASON not in lines[node.lineno - 1]:
            yield node.lineno


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_module_says_why_it_has_one(file: Path) -> None:
    assert [f"{file}:{line}" for line in unexplained(file.read_text())] == []


def test_one_without_a_reason_is_found() -> None:
    assert sorted(unexplained(BARE)) == [2, 5, 7]
    assert [*unexplained(RIGHT)] == []
