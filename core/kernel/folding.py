"""The fold with which texts are searched and sorted, the same on every database.

Each character becomes exactly one: the simple lower case of its simple upper case, so that all
cases of a letter fold alike. A Latin, Greek or Cyrillic letter also loses its accents.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from core.kernel.text import simple_lower

Ranges = Sequence[tuple[int, int]]

SPECIAL: Ranges = ((0x80, 0x600), (0x1C80, 0x2200))
CASED: Ranges = (
    (0x80, 0x2500),
    (0x2C00, 0x2E00),
    (0xA640, 0xAC00),
    (0xFF00, 0xFFF0),
    (0x10400, 0x1F000),
)
"""Ranges beyond ASCII: SPECIAL contains the lower-case letters that the fold changes, and CASED all
letters that have a case. A test checks all characters."""

SCRIPTS = ("LATIN ", "GREEK ", "CYRILLIC ")


def fold(text: str) -> str:
    """Return the text as searches and orders compare it; its length stays the same."""
    if text.isascii():
        return text.lower()
    special, letters = special_letters()
    lower = simple_lower(text)
    return lower.translate(letters) if special.search(lower) else lower


@cache
def special_letters() -> tuple[re.Pattern[str], Mapping[int, str]]:
    """Return a pattern of the lower-case letters that the fold changes, and the map of changes."""
    lower = (letter for letter in letters_in(SPECIAL) if letter.lower() == letter)
    changes = {ord(old): folded for old in lower if (folded := fold_letter(old)) != old}
    return re.compile(f"[{''.join(map(re.escape, map(chr, changes)))}]"), changes


def fold_letter(letter: str) -> str:
    upper = letter.upper()
    lower = simple_lower(upper if len(upper) == 1 else letter)
    apart = unicodedata.normalize("NFD", lower)
    if len(apart) > 1 and unicodedata.name(lower, "").startswith(SCRIPTS):
        return fold_letter(apart[0])
    return lower


def folded_letters() -> Iterator[tuple[str, str]]:
    """Yield each character beyond ASCII that the fold changes, and the folded character."""
    for letter in letters_in(CASED):
        if (folded := fold(letter)) != letter:
            yield letter, folded


def letters_in(ranges: Ranges) -> Iterator[str]:
    return (chr(code) for start, end in ranges for code in range(start, end))
