"""`python -m tests.wording`: find docstrings and comments that a reader must guess at.

CONTRIBUTING has the rules. The check finds the words and openings that break them most often.
"""

import ast
import re
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tokenize import COMMENT, generate_tokens
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FOLDERS = ("config", "core", "modules")
CHECKED = (*FOLDERS, "tests")
"""The folders whose docstrings and comments are checked."""
OTHER_WORDS = re.compile(
    r"\b(persons?|people|somebody|someone|oneself|one's own|things?|moments?|figures"
    r"|answer(s|ed)?|mend(s|ed)?)\b",
    re.IGNORECASE,
)
"""Words for which the glossary has another one."""
DIALECT = re.compile(
    r"\b(whoever|whatever|whichever|nobody|everybody|lest|anew|of ours|but for|told)\b"
    r"|(?<!e-mail )(?<!IP )(?<!loopback )\baddress(es)?\b",
    re.IGNORECASE,
)
"""Words that stand for no noun or for several concepts."""
OPENING = re.compile(r"(What|Who|Whose|Where|How|Of|By|For|As|To)\b")
"""Words with which no docstring begins: its first line is a verb and its object, or a sentence."""


class Finding(NamedTuple):
    place: str
    words: str


def findings(source: str, name: str) -> Iterator[Finding]:
    for line, text in [*docstrings(source), *comments(source)]:
        prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
        for words in (DIALECT, OTHER_WORDS):
            for found in words.finditer(" ".join(prose.split())):
                yield Finding(f"{name}:{line}", found[0])
    for line, text in docstrings(source):
        if opening := OPENING.match(text):
            yield Finding(f"{name}:{line}", f"a docstring that begins with {opening[0]}")


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each string that stands alone, below names too."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


def comments(source: str) -> Iterator[tuple[int, str]]:
    for token in generate_tokens(StringIO(source).readline):
        if token.type == COMMENT:
            yield token.start[0], token.string


def main() -> None:
    files = sorted(file for folder in CHECKED for file in (ROOT / folder).rglob("*.py"))
    found = [
        each
        for file in files
        for each in findings(file.read_text(), file.relative_to(ROOT).as_posix())
    ]
    for place, words in found:
        print(f"{place}: {words}")
    if found:
        sys.exit(f"{len(found)} to say in plain words; docs/glossary.md has one for each concept.")


if __name__ == "__main__":
    main()
