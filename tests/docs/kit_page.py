"""Writes docs/kit.md and the signatures of the kit: `python -m tests.docs.kit_page`."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

from tests.docs.kit_source import (
    FUNCTIONS,
    KIT,
    PLATFORM,
    TESTING,
    Definition,
    Member,
    aliases,
    definitions,
    fixtures,
)
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "kit.md"
SIGNATURES = {
    KIT: ROOT / "core" / "kit" / "signatures.txt",
    PLATFORM: ROOT / "core" / "kit" / "platform_signatures.txt",
    TESTING: ROOT / "core" / "testing" / "signatures.txt",
}
GROUPS = {
    "The module": ("core.wiring", "core.kernel.contributions", "core.kernel.clock"),
    "Routes": ("core.web", "core.security", "core.kernel"),
    "Bodies": ("core.kernel.schemas", "core.kernel.text"),
    "Errors": ("core.kernel.errors", "core.security.authentication"),
    "Data": ("core.data", "core.engine.sql", "core.kernel.ids"),
    "Events": ("core.events", "core.kernel.events"),
    "Operations": ("core.operations",),
}
"""The sections, and the modules whose names stand in each; the longest prefix decides."""
INTRODUCTION = """# The kit: all names that a module may import

A module imports of the core only these names: `from core.kit import Database`.
[Writing modules](modules.md) shows how they work together. This page is made from their docstrings
by `python -m tests.docs.kit_page`; a test fails when it is out of date.

A test runs each example by itself, in an application that has the module `notes` of the
[README](../README.md#add-a-module-in-ten-minutes). `owner` is a signed-in user, and `db` is the
`Database` of the application. The [imports](#imports-of-the-examples) are at the end.
"""

IMPORTS = """
## Imports of the examples

```python
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol
from uuid import UUID

import click
from litestar import Controller
from pydantic import Field, TypeAdapter
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, bindparam, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from config.settings import Rate
from core.kit import *
from modules.notes.models import *
from modules.notes.schemas import *
from modules.notes.service import *
```
"""

FOR_TESTS = """
## Tests

The tests of a module import of the core these names too: `from core.testing import TestUser`. A
test asks for the fixtures by name:
"""


def render() -> str:
    named = definitions(KIT)
    sections = ((title, [it for it in named if group_of(it) == title]) for title in GROUPS)
    groups = (f"\n## {title}\n" + "".join(map(described, members)) for title, members in sections)
    types = "".join(f"- `{it.signature}`\n" for it in aliases(KIT))
    ending = f"\n## Types in the signatures\n\n{types}{IMPORTS}"
    return f"{INTRODUCTION}{''.join(groups)}{tests()}{ending}"


def tests() -> str:
    """Return the section about the names and the fixtures for tests."""
    asked = "".join(item("", it) for it in fixtures(f"{TESTING}.plugin"))
    return f"{FOR_TESTS}\n{asked}{''.join(map(described, definitions(TESTING)))}"


def group_of(it: Definition) -> str:
    fitting = {
        prefix: title
        for title, prefixes in GROUPS.items()
        for prefix in prefixes
        if f"{it.module}.".startswith(f"{prefix}.")
    }
    return fitting[max(fitting, key=len)]


def described(it: Definition) -> str:
    parts = [f"\n### `{it.name}`\n", f"```text\n{it.signature}\n```\n", it.doc and f"{it.doc}\n"]
    items = (item(it.name, member) for member in it.members if member.doc or is_data(member))
    return "\n".join(filter(None, [*parts, "".join(items)]))


def is_data(member: Member) -> bool:
    """Return whether a member explains itself; a method without a docstring is not for modules."""
    return not isinstance(member.node, FUNCTIONS)


def item(owner: str, member: Member) -> str:
    first, _, rest = member.doc.partition("\n")
    text = f": {first}\n{indent(rest, '  ')}".rstrip() if member.doc else ""
    return f"- `{member.signature.replace(f'{owner}.', '', 1)}`{text}\n"


def signatures(face: str) -> str:
    """Return the signatures of a face, one line per name or member."""
    named = [line for it in definitions(face) for line in lines_of(it)]
    return "".join(f"{line}\n" for line in [*named, *(it.signature for it in aliases(face))])


def lines_of(it: Definition) -> Iterator[str]:
    yield it.signature
    yield from (member.signature for member in it.members)


def write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    write(PAGE, render())
    for face, path in SIGNATURES.items():
        write(path, signatures(face))
