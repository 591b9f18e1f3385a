from typing import Annotated, Any
from unicodedata import normalize

import pytest
from pydantic import TypeAdapter, ValidationError

from core.kernel.text import Line, Text, simple_lower

LINE: TypeAdapter[str] = TypeAdapter(Annotated[str, Line(2, 5)])
TEXT: TypeAdapter[str] = TypeAdapter(Annotated[str, Text(1, 10)])


@pytest.mark.parametrize(
    "value", ["a\0b", "a\x1bb", "a\u202eb", "a\ufffeb", "a\U0001fffeb", "a\u2028b", "a\x7fb"]
)
def test_hidden_characters_are_refused_everywhere(value: str) -> None:
    for kind in (LINE, TEXT):
        with pytest.raises(ValidationError, match="Control characters"):
            kind.validate_python(value)


def test_a_line_is_one_line_and_trimmed_before_it_is_measured() -> None:
    assert LINE.validate_python("  ab  ") == "ab"
    for wrong in ("a\nb", "a\tb", "   a   ", "abcdef"):
        with pytest.raises(ValidationError):
            LINE.validate_python(wrong)


def test_text_keeps_its_lines_and_tabs() -> None:
    assert TEXT.validate_python("a\r\nb\rc\td") == "a\nb\nc\td"


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
