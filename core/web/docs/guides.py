"""The guides: each page of the folder `docs` as HTML below `/docs/guides`.

Links between the pages lead to their HTML. A link to a file that is not served becomes plain text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

GUIDES_FOLDER = Path(__file__).parents[3] / "docs"
BEFORE_ALL = (
    *("first-steps", "authentication", "account", "api-keys", "files", "lists", "writing"),
    *(
        "errors",
        "limits",
        "idempotency",
        "caching-and-conditions",
        "headers-and-browsers",
    ),
    *("clients", "administration", "modules", "kit", "operating", "settings"),
)
"""The reading order for newcomers; other guides follow by name, and then the translations."""
KOREAN = ".ko"
"""The suffix of the name of a Korean page: `errors.ko` is `errors` in Korean."""

HEADING = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Guide:
    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def title(self) -> str:
        heading = HEADING.search(self.text)
        return heading[1] if heading else self.name

    @property
    def language(self) -> str:
        return "ko" if self.name.endswith(KOREAN) else "en"

    @cached_property
    def html(self) -> str:
        return rendered(self)


@cache
def guides() -> Mapping[str, Guide]:
    """Return every guide by its name, in reading order; none if the folder is not installed."""
    pages = {path.stem: Guide(path.stem, path) for path in GUIDES_FOLDER.glob("*.md")}
    return {name: pages[name] for name in sorted(pages, key=reading_order)}


def reading_order(name: str) -> tuple[bool, int, str]:
    page = name.removesuffix(KOREAN)
    place = BEFORE_ALL.index(page) if page in BEFORE_ALL else len(BEFORE_ALL)
    return name != page, place, name


def rendered(guide: Guide) -> str:
    from markdown_it import MarkdownIt  # takes 100 ms, so the start omits it

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(guide.text)
    number_headings(tokens)
    for token in tokens:
        token.children = list(with_links_inside(token.children or ()))
    return str(parser.renderer.render(tokens, parser.options, {}))


def number_headings(tokens: Sequence["Token"]) -> None:
    """Give each heading the id that links in the guides use."""
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(inline.content))


def anchor(heading: str) -> str:
    """Return `behind-nginx` for "Behind nginx"."""
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def with_links_inside(children: Sequence["Token"]) -> Iterator["Token"]:
    """Point each link to the served page; turn a link without such a page into plain text."""
    kept: list[bool] = []
    for token in children:
        if token.type == "link_open":
            target = served_at(str(token.attrs["href"]))
            token.attrSet("href", target or "")
            kept.append(target is not None)
        if token.type not in ("link_open", "link_close") or kept[-1]:
            yield token
        if token.type == "link_close":
            kept.pop()


def served_at(href: str) -> str | None:
    if href.startswith(("#", "https://", "/")):
        return href
    file, _, fragment = href.partition("#")
    name = file.removesuffix(".md")
    if name not in guides():
        return None
    return f"/docs/guides/{name}#{fragment}".removesuffix("#")
