"""Each `Any` of a module, and of a signature of the kit, has its reason in a comment of its line.

The comment begins `# Any: `, as in `# Any: a claim may have any type of JSON`.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.docs.kit_page import SIGNATURES
from tests.docs.kit_source import Member, aliases, annotations, definitions, source_of

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


def lines_with_any(nodes: Iterable[ast.AST]) -> Iterator[int]:
    for node in nodes:
        match node:
            case ast.Name(id="Any") | ast.Attribute(attr="Any"):
                yield node.lineno
            case ast.AnnAssign(annotation=ast.Constant(value=str(text))) if "Any" in text:
                yield node.lineno


def unexplained(source: str, nodes: Iterable[ast.AST]) -> Iterator[int]:
    """Yield the line of each `Any` that has no reason beside it."""
    lines = source.splitlines()
    yield from (line for line in lines_with_any(nodes) if REASON not in lines[line - 1])


def unexplained_in(source: str) -> list[int]:
    return sorted(unexplained(source, ast.walk(ast.parse(source))))


def members_of(face: str) -> Iterator[Member]:
    """Yield each signature of a face: of its names, of their members, and of the aliases."""
    for it in [*definitions(face), *aliases(face)]:
        yield Member(it.signature, it.doc, it.node, it.module)
        yield from it.members


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_module_says_why_it_has_one(file: Path) -> None:
    assert [f"{file}:{line}" for line in unexplained_in(file.read_text())] == []


@pytest.mark.parametrize("face", SIGNATURES)
def test_a_signature_of_the_kit_says_why_it_has_one(face: str) -> None:
    found = {
        f"{it.module}:{line}"
        for it in members_of(face)
        for line in unexplained(source_of(it.module), types_of(it.node))
    }
    assert found == set()


def types_of(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield the parts of the types that a signature shows; an alias is one type."""
    types = [node.value] if isinstance(node, ast.Assign) else annotations(node)
    for it in types:
        yield from ast.walk(it)


def test_one_without_a_reason_is_found() -> None:
    assert unexplained_in(BARE) == [2, 5, 7]
    assert unexplained_in(RIGHT) == []
