"""Compares a page with its Korean translation: one structure, the same code, the same links.

`errors.ko.md` is the translation of `errors.md`. Sentences are not
compared, except for the names between backticks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.pages import KOREAN, PAGES, TREE_LINE

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMPARED = frozenset(
    ("heading_open", "paragraph_open", "list_item_open", "tr_open", "th_open", "td_open", "fence")
)


@dataclass(frozen=True)
class Part:
    """A heading, a paragraph, a list item, a table row, a cell or a code block."""

    kind: str
    level: int
    code: str
    line: int

    def matches(self, other: "Part") -> bool:
        return (self.kind, self.level, self.code) == (other.kind, other.level, other.code)

    def __str__(self) -> str:
        return f"{self.kind} in line {self.line}"


def pairs() -> list[tuple[Path, Path]]:
    """Return each page that has a translation, and the translation."""
    translations = [page for page in PAGES if page.name.endswith(KOREAN)]
    return [(page.with_name(in_english(page.name)), page) for page in translations]


def in_english(link: str) -> str:
    return link.replace(KOREAN, ".md")


def in_korean(link: str) -> str:
    return in_english(link).replace(".md", KOREAN)


def difference(english: str, korean: str) -> str | None:
    """Return the first place where structure or code differ, or None."""
    for one, other in zip_longest(parts_of(english), parts_of(korean)):
        if one is None or other is None or not one.matches(other):
            return f"English: {one or 'the end'}; Korean: {other or 'the end'}"
    return None


def parts_of(text: str) -> Iterator[Part]:
    line = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else line
        if token.type in COMPARED:
            kind = f"{token.type.removesuffix('_open')} {token.tag}"
            yield Part(kind, token.level, code_in(token), line)


def code_in(token: Token) -> str:
    """Return a code block and its language; of a folder tree its paths, as the rest is prose."""
    paths = ["".join(each) for each in TREE_LINE.findall(token.content)]
    return f"{token.info}\n" + ("\n".join(paths) or token.content)


def names_in_sections(text: str) -> list[set[str]]:
    """Return the names between backticks, above the first heading and below each one."""
    sections: list[set[str]] = [set()]
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "heading_open":
            sections.append(set())
        names = (each.content for each in token.children or () if each.type == "code_inline")
        sections[-1].update(names)
    return sections


def links_of(page: Path) -> list[str]:
    """Return the links of a page as the English page has them, without the one to itself."""
    links = [in_english(link) for link in LINK.findall(page.read_text())]
    return sorted(link for link in links if link != in_english(page.name))


def links_that_leave_korean(page: Path) -> list[str]:
    """Return the links to English pages that have a translation, except the page's own."""
    return [
        link
        for link in LINK.findall(page.read_text())
        if link not in (in_korean(link), in_english(page.name))
        and (page.parent / in_korean(link)).exists()
    ]
