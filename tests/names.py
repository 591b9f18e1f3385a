"""`python -m tests.names`: find names with two meanings, and tests whose name lacks a subject.

A name that two files of one package define makes a reader open the wrong file. A package is
`config`, a folder in `core`, `core/engine` or `modules`. Two assignments of the same value have the
same meaning.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.wording import FOLDERS, ROOT

CONVENTIONAL = re.compile(r"[A-Z]|_.*")
"""A type variable belongs to its file, and so does a name with an underscore."""
ENTRANCES = frozenset({"__init__", "__main__"})
"""Files that give names of other files."""
WITHOUT_SUBJECT = re.compile(
    r"test_(is|are|was|has|have|ends|says|sees|shows|of|after|at|for|in|with|without|to|so|and|but|nor"
    r"|by|from)_"
)
"""The beginnings of a name that has no subject, or has it too late."""
Definitions = dict[str, dict[str, str]]
"""The value of each name, as code, by the file that defines it."""


class Name(NamedTuple):
    package: str
    name: str
    files: list[str]

    def __str__(self) -> str:
        return f"{self.package}: {self.name} is defined in {' and '.join(self.files)}: rename one."


def doubled(root: Path, folders: tuple[str, ...] = FOLDERS) -> Iterator[Name]:
    packages: dict[str, Definitions] = defaultdict(lambda: defaultdict(dict))
    for file in sorted(file for folder in folders for file in (root / folder).rglob("*.py")):
        if file.stem not in ENTRANCES:
            path = file.relative_to(root)
            for name, value in defined_in(file.read_text()):
                packages[package_of(path)][name][path.as_posix()] = value
    for package, names in packages.items():
        for name, values in names.items():
            if len(values) > 1 and (len({*values.values()}) > 1 or "" in values.values()):
                yield Name(package, name, [*values])


def package_of(path: Path) -> str:
    folders = path.parts[:-1]
    depth = 1 if folders[0] == "config" else 3 if folders[1:2] == ("engine",) else 2
    return ".".join(folders[:depth])


def defined_in(source: str) -> Iterator[tuple[str, str]]:
    """Yield the public names of a file, each with its assigned value; "" for others."""
    for node in ast.parse(source).body:
        for name, value in definitions(node):
            if not CONVENTIONAL.fullmatch(name):
                yield name, value


def definitions(node: ast.stmt) -> Iterator[tuple[str, str]]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, ""
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            yield name, ast.unparse(value) if value else ""
        case ast.Assign(targets=targets, value=value):
            names = (it for target in targets for it in ast.walk(target))
            for it in names:
                if isinstance(it, ast.Name):
                    yield it.id, ast.unparse(value)


def headless(root: Path) -> Iterator[str]:
    """Yield a sentence for each test whose name does not begin with its subject."""
    for file in sorted((root / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    if WITHOUT_SUBJECT.match(name):
                        place = file.relative_to(root).as_posix()
                        yield f"{place}: {name} does not begin with its subject: rename it."


def main() -> None:
    found = [*doubled(ROOT), *headless(ROOT)]
    print(*found, sep="\n", end="\n" * bool(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
