"""`python -m tests.messages`: compare the English texts of each package with its catalogue.

A message is recognised by its place: an argument of one of the functions in POSITIONS or the first
one of an error class, the value of a name `message`, a value of a mapping whose name ends in
`MESSAGES`, and the `usual_detail` of an error class.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import core.app  # noqa: F401 (imports every part of the core, with its errors)
from core.kernel.errors import InvalidInput, ProblemError
from core.kernel.messages import PLACEHOLDER
from core.web.catalogues import ProblemTexts, Translations, translations_in
from core.web.docs.advice import paragraphs
from core.web.problems import kinds
from core.wiring.registry import discover, package_of

POSITIONS = {
    **{"FieldError": 1, "PydanticCustomError": 1, "invalid": 1, "malformed": 0},
    ".text": 0,
}
"""The position of the message in a call, by the name of the function."""
FOR_OPERATORS = frozenset({"cli", "commands", "first_admin", "admins", "migrations", "wiring"})
"""Parts of a package whose errors are shown to the operator, in English."""


@dataclass(frozen=True)
class Texts:
    """A package with its English texts, and its catalogue in another language."""

    package: str
    language: str = "ko"

    @property
    def folder(self) -> Path:
        return Path(import_module(self.package).__path__[0])

    @property
    def file(self) -> Path:
        return self.folder / f"messages.{self.language}.json"

    @cached_property
    def catalogue(self) -> Translations:
        return translations_in(self.file)

    @cached_property
    def kinds(self) -> list[type[ProblemError]]:
        own = f"{self.package}."
        return [kind for kind in kinds().values() if kind.__module__.startswith(own)]

    @cached_property
    def messages(self) -> set[str]:
        return {text for file in self.files() for text in messages_in(file)}

    def untranslated_problems(self) -> list[str]:
        """Return the code and the member of each text of a problem page that one side lacks."""
        return [
            f"{kind.code}: {member}"
            for kind in self.kinds
            for member, english in zip(
                ("title", "meaning", "advice"), (kind.title, *paragraphs(kind)), strict=True
            )
            if bool(english) != bool(self._translated(kind.code, member))
        ]

    def _translated(self, code: str, member: str) -> str:
        text: str = getattr(self.catalogue.problems.get(code, ProblemTexts("")), member)
        return text

    def untranslated_messages(self, core: Translations) -> list[str]:
        titles = {kind.title for kind in self.kinds}
        return sorted(self.messages - (self.catalogue.texts.keys() | core.texts.keys() | titles))

    def left_over(self) -> list[str]:
        """Return the translations of problems and messages that the code does not have."""
        codes = {kind.code for kind in self.kinds}
        problems, texts = self.catalogue.problems.keys(), self.catalogue.texts.keys()
        return sorted(problems - codes) + sorted(texts - self.constants)

    def other_placeholders(self) -> list[str]:
        """Return the texts whose translation has other placeholders."""
        return [
            english
            for english, text in self.catalogue.texts.items()
            if {*PLACEHOLDER.findall(english)} != {*PLACEHOLDER.findall(text)}
        ]

    def formatted(self) -> list[str]:
        """Return the place of each message that is an f-string."""
        return [place for file in self.files() for place in formatted(file)]

    @cached_property
    def constants(self) -> set[str]:
        """Return every string in the code."""
        nodes = (node for file in self.files() for node in ast.walk(file.tree))
        values = (node.value for node in nodes if isinstance(node, ast.Constant))
        return {value for value in values if isinstance(value, str)}

    def files(self) -> Iterator["File"]:
        for path in sorted(self.folder.rglob("*.py")):
            parts = path.relative_to(self.folder).with_suffix("").parts
            if not FOR_OPERATORS.intersection(parts):
                name = ".".join((self.package, *parts)).removesuffix(".__init__")
                yield File(import_module(name), ast.parse(path.read_text()))


@dataclass(frozen=True)
class File:
    module: ModuleType
    tree: ast.Module

    def resolved(self, name: str) -> Any:
        return getattr(self.module, name, None)


def messages_in(file: File) -> Iterator[str]:
    for message in expressions(file):
        yield from texts_in(message, file)
    for name, value in vars(file.module).items():
        if name.endswith("MESSAGES"):
            yield from value.values()


def expressions(file: File) -> Iterator[ast.expr]:
    """Yield the expression of each message."""
    for node in ast.walk(file.tree):
        match node:
            case ast.Call(func=func, args=args):
                position = position_of(ast.unparse(func), file)
                if position is not None and position < len(args):
                    yield args[position]
            case ast.ClassDef(name=name) if is_error(file.resolved(name)):
                yield from (it.args[0] for it in calls_of_super(node) if it.args)
            case (
                ast.Assign(targets=[ast.Name(name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(name), value=ast.expr() as value)
            ):
                if name in ("message", "usual_detail"):
                    yield value


def is_error(value: object) -> bool:
    is_kind = isinstance(value, type) and issubclass(value, ProblemError)
    return is_kind and value is not InvalidInput


def calls_of_super(kind: ast.ClassDef) -> Iterator[ast.Call]:
    for node in ast.walk(kind):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
            yield node


def position_of(function: str, file: File) -> int | None:
    """Return the position of the message among the arguments, if the function takes one."""
    if is_error(file.resolved(function)):
        return 0
    _, dot, method = function.rpartition(".")
    return POSITIONS.get(function, POSITIONS.get(dot + method))


def texts_in(value: ast.expr, file: File) -> Iterator[str]:
    """Yield the strings of an expression, and the values of its constants; an f-string is none."""
    match value:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.Name(name) if name.isupper() and isinstance(file.resolved(name), str):
            yield file.resolved(name)
        case ast.IfExp(body=one, orelse=other):
            yield from (*texts_in(one, file), *texts_in(other, file))
        case ast.Call(args=args):
            for argument in args:
                yield from texts_in(argument, file)


def formatted(file: File) -> Iterator[str]:
    """Yield the place of each message that is an f-string, which no catalogue can translate."""
    for message in expressions(file):
        for node in ast.walk(message):
            if isinstance(node, ast.JoinedStr):
                yield f"{file.module.__name__}, line {node.lineno}"


def packages() -> list[Texts]:
    """Return core, and each module that has a catalogue; a module may leave its texts English."""
    modules = [Texts(package_of(plugin)) for plugin in discover().values()]
    return [Texts("core"), *(it for it in modules if it.file.exists())]


def translated_twice(every: Sequence[Texts]) -> list[str]:
    """Return the codes and texts that two catalogues have."""
    pairs = [(one.catalogue, other.catalogue) for one, other in combinations(every, 2)]
    return [
        key
        for one, other in pairs
        for key in (one.texts.keys() & other.texts.keys())
        | (one.problems.keys() & other.problems.keys())
    ]


def findings(every: Sequence[Texts]) -> Iterator[str]:
    core = every[0].catalogue
    for texts in every:
        for words, found in (
            ("lacks a text of the problem", texts.untranslated_problems()),
            ("lacks the message", texts.untranslated_messages(core)),
            ("has a text that the code does not have:", texts.left_over()),
            ("has other placeholders in", texts.other_placeholders()),
        ):
            yield from (f"{texts.file} {words} {it!r}." for it in found)
        yield from (f"{place} has a message that is an f-string." for place in texts.formatted())
    yield from (f"Two catalogues have {it!r}." for it in translated_twice(every))


def main() -> None:
    found = [*findings(packages())]
    print("\n".join(found), end="\n" * bool(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
