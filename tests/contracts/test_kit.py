"""The public face of core has at most 70 names, and only routers use those of HTTP."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import kit
from core.kit import platform
from tests.docs.kit_page import SIGNATURES, signatures

MAX_NAMES = 70
WITHOUT_HTTP = ("service", "models", "queries", "public", "errors", "events")


def test_the_kit_has_few_names() -> None:
    assert len(kit.__all__) <= MAX_NAMES


@pytest.mark.parametrize("face", SIGNATURES)
def test_signatures_are_as_pinned(face: str) -> None:
    """Compare the names of a face with its file, so that a change of one is seen in review."""
    pinned, found = (
        set(it.splitlines()) for it in (SIGNATURES[face].read_text(), signatures(face))
    )
    difference = [
        *(f"- {it}" for it in sorted(pinned - found)),
        *(f"+ {it}" for it in sorted(found - pinned)),
    ]
    assert not difference, "\n".join(
        [
            *difference,
            "Is this meant? Run `python -m tests.docs.kit_page` and tell it in CHANGELOG.md.",
        ]
    )


def http_names() -> set[str]:
    """Return the names of the kit that come from the HTTP layer, except errors."""
    faces = {**vars(platform), **vars(kit)}
    names = {name: faces[name] for name in (*kit.__all__, *platform.__all__)}
    return {name for name, it in names.items() if is_of_http(it)}


def is_of_http(value: object) -> bool:
    is_error = isinstance(value, type) and issubclass(value, kit.ProblemError)
    return not is_error and getattr(value, "__module__", "").startswith("core.web")


def names_of_the_kit(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core.kit"):
            yield from (alias.name for alias in node.names)


def files_without_http() -> list[Path]:
    files = Path("modules").rglob("*.py")
    inner = [file for file in files if {file.stem, *file.parts} & {*WITHOUT_HTTP}]
    return [file for file in inner if "router" not in file.parts]


def test_only_routers_use_the_names_of_http() -> None:
    assert files_without_http()
    used = {str(file): {*names_of_the_kit(file.read_text())} for file in files_without_http()}
    assert not {file: names & http_names() for file, names in used.items() if names & http_names()}
