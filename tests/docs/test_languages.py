"""A page and its Korean translation say the same, as far as a program can see it."""

from pathlib import Path

import pytest

from tests.docs.languages import (
    difference,
    in_english,
    links_of,
    links_that_leave_korean,
    names_in_sections,
    pairs,
)

PAIRS = pytest.mark.parametrize(
    ("english", "korean"), pairs(), ids=[korean.name for _, korean in pairs()]
)
PAGE = """# Title

A paragraph.

- an item

| a | b |
|---|---|
| c | d |

```sh
true
```
"""
ADDED = {
    "heading": ("A paragraph.", "## Part\n\nA paragraph."),
    "level of a heading": ("# Title", "## Title"),
    "paragraph": ("A paragraph.", "A paragraph.\n\nAnother one."),
    "item": ("- an item", "- an item\n- another"),
    "item below an item": ("- an item", "- an item\n  - another"),
    "row": ("| c | d |", "| c | d |\n| e | f |"),
    "column": ("| a | b |\n|---|---|\n| c | d |", "| a |\n|---|\n| c |"),
    "block": ("```sh\n", "```sh\nfalse\n```\n\n```sh\n"),
    "code": ("true", "false"),
    "language of a block": ("```sh", "```text"),
}


def test_these_pages_are_there_in_korean() -> None:
    assert [korean.name for _, korean in pairs()] == [
        *("README.ko.md", "authentication.ko.md", "errors.ko.md", "first-steps.ko.md"),
        *("modules.ko.md", "operating.ko.md"),
    ]


@PAIRS
def test_both_languages_have_one_structure_and_the_same_code(english: Path, korean: Path) -> None:
    assert difference(english.read_text(), korean.read_text()) is None


@pytest.mark.parametrize("added", ADDED)
def test_an_addition_to_one_language_is_found(added: str) -> None:
    longer = PAGE.replace(*ADDED[added])
    assert difference(PAGE, PAGE.replace("paragraph", "단락")) is None
    assert difference(PAGE, longer)
    assert difference(longer, PAGE)


@PAIRS
def test_both_languages_name_the_same_in_each_section(english: Path, korean: Path) -> None:
    assert names_in_sections(korean.read_text()) == names_in_sections(english.read_text())


@PAIRS
def test_both_languages_lead_to_the_same_pages(english: Path, korean: Path) -> None:
    assert links_of(korean) == links_of(english)
    assert links_that_leave_korean(korean) == []


@PAIRS
def test_each_language_leads_to_the_other_below_the_title(english: Path, korean: Path) -> None:
    assert english.read_text().splitlines()[2] == f"[한국어]({korean.name})"
    assert korean.read_text().splitlines()[2] == f"[English]({in_english(korean.name)})"
