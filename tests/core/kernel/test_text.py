from typing import Annotated, Any
from unicodedata import combining, normalize

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from core.kernel.text import (
    BREAKS,
    EXPANDED,
    MARKS,
    MAX_MARKS,
    SHORTENED,
    Line,
    Text,
    simple_lower,
)

LINE: TypeAdapter[str] = TypeAdapter(Annotated[str, Line(2, 5)])
TEXT: TypeAdapter[str] = TypeAdapter(Annotated[str, Text(1, 10)])


@pytest.mark.parametrize(
    "value", ["a\0b", "a\x1bb", "a\u202eb", "a\ufffeb", "a\U0001fffeb", "a\u2066b", "a\x7fb"]
)
def test_hidden_characters_are_refused_everywhere(value: str) -> None:
    for kind in (LINE, TEXT):
        with pytest.raises(ValidationError, match="Control characters"):
            kind.validate_python(value)


def test_a_line_is_one_line_and_trimmed_before_it_is_measured() -> None:
    assert LINE.validate_python("  ab  ") == "ab"
    for wrong in ("a\nb", "a\tb", "   a   ", "abcdef", *(f"a{each}b" for each in BREAKS)):
        with pytest.raises(ValidationError):
            LINE.validate_python(wrong)


def test_text_keeps_its_lines_and_tabs() -> None:
    assert TEXT.validate_python("a\r\nb\rc\td") == "a\nb\nc\td"
    for each in BREAKS:
        assert TEXT.validate_python(f"a{each}b{each}") == "a\nb\n"


def test_marks_of_direction_stay_within_a_line_and_not_at_its_ends() -> None:
    for mark in MARKS:
        assert LINE.validate_python(f"{mark} a{mark}b {mark}") == f"a{mark}b"
        assert TEXT.validate_python(f"{mark}a{mark}") == f"{mark}a{mark}"


@pytest.mark.parametrize(
    "blank",
    [
        *(
            "\u200b\u200b",
            "\u3164\u3164",
            "\u115f\u1160",
            "\u2060\ufeff",
            "\u00ad\u00ad",
            "\u2800\u2800",
        ),
        *("\u200e\u200f", "\ufe0f\ufe0f", "\U000e0041\U000e0042", "\u3000\u00a0", "\u034f\u200d"),
    ],
)
def test_a_text_that_shows_nothing_is_empty(blank: str) -> None:
    for kind in (LINE, TEXT):
        with pytest.raises(ValidationError, match="characters"):
            kind.validate_python(blank)
        assert "ab" in kind.validate_python(f"ab{blank}")
    assert Line(0, 5)(blank) == Text(0, 5)(blank) == ""


def test_thirty_combining_marks_at_most_stand_in_a_row() -> None:
    wide = Text(1, 100)
    for mark in ("\u0301", "\u0323", "\u3099", "\U0001d165", "\u05b0"):
        assert wide("a" + mark * MAX_MARKS)
        with pytest.raises(PydanticCustomError, match="combining marks"):
            wide("a" + mark * (MAX_MARKS + 1))
    for double in ("\u0344", *EXPANDED):
        assert wide("a" + double * (MAX_MARKS // 2))
    for double in EXPANDED:
        with pytest.raises(PydanticCustomError, match="combining marks"):
            wide("a" + double * (MAX_MARKS // 2 + 1))


def test_every_mark_that_python_reorders_is_counted() -> None:
    for code in range(0x110000):
        first = normalize("NFD", chr(code))[0]
        assert not combining(first) or combining(chr(code)) or chr(code) in EXPANDED


def test_what_normalising_shortens_fits() -> None:
    """A character of NFC comes from at most four; text beyond that length is not normalised."""
    longest = normalize("NFD", "\u1faf")
    assert len(longest) == SHORTENED == max(len(normalize("NFD", chr(c))) for c in range(0x110000))
    assert LINE.validate_python(f"  {longest * 5}  ") == "\u1faf" * 5
    for wrong in (longest * 5 + "a", longest * 50):
        with pytest.raises(ValidationError, match="must have 2 to 5"):
            LINE.validate_python(wrong)


def test_text_is_composed_and_counted_in_code_points() -> None:
    decomposed = normalize("NFD", "éé")
    assert len(decomposed) == 4
    assert LINE.validate_python(decomposed) == "éé"
    assert LINE.validate_python("😀" * 5) == "😀" * 5


def test_the_schema_says_how_long() -> None:
    schema: dict[str, Any] = LINE.json_schema()
    assert (schema["minLength"], schema["maxLength"]) == (2, 5)


def test_simple_lower_case_turns_each_character_into_one_whatever_stands_beside_it() -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    every = "Α".join(characters)
    lower = simple_lower(every)
    assert len(lower) == len(every)
    assert lower[::2] == "".join(map(simple_lower, characters))
    assert simple_lower("İSTANBUL ΟΔΟΣ STRAßE") == "istanbul οδοσ straße"
