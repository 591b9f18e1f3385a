"""The pages of the documentation, read as their code blocks.

How a block is checked follows from its language: see CONTRIBUTING.md, *How these pages are tested*.
A block in `http`, `json` or `text` directly below a `sh` block is its output.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SAMPLES = ("hello", "posts")
"""The modules that a team may delete, together with the pages whose examples use them."""

KOREAN = ".ko.md"
"""The ending of a page that is a translation: its blocks are compared with the English, not run."""

LANGUAGES = frozenset({"sh", "http", "json", "text", "python", "env", "ini", "nginx", "caddy"})
ANSWERS = frozenset({"http", "json", "text"})

FILE = re.compile(r"# (\S+/\S+\.py)\n")
TREE_LINE = re.compile(r"^((?:│  |   )*)[├└]─ (\S+)", re.MULTILINE)
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    between: str
    """The text between this block and the one before."""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str | None:
        """Return the path that `# modules/notes/plugin.py` names in the first line."""
        named = FILE.match(self.text)
        return named[1] if named else None

    @property
    def content(self) -> str:
        """Return what is in the file."""
        return self.text.partition("\n")[2].lstrip("\n")


@dataclass(frozen=True)
class Step:
    """A command and, where the page shows it, its output."""

    command: Block
    answer: Block | None


def blocks_of(page: Path) -> list[Block]:
    text, end, found = page.read_text(), 0, []
    for each in FENCE.finditer(text):
        line = text.count("\n", 0, each.start()) + 1
        found.append(Block(page, line, each[1], each[2], text[end : each.start()]))
        end = each.end()
    return found


def steps_of(page: Path) -> Iterator[Step]:
    blocks = [*blocks_of(page), None]
    for block, after in pairwise(blocks):
        if block and block.language == "sh":
            shown = after and after.language in ANSWERS and not after.between.strip()
            yield Step(block, after if shown else None)


def speaks_of(page: Path, module: str) -> bool:
    """Return whether the code blocks of the page use the module, and so require it."""
    return any(re.search(rf"\b{module}\b", each.text) for each in blocks_of(page))
