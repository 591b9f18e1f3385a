"""Types of text in bodies: normalised, and without hidden characters.

PostgreSQL refuses NUL. Control characters, noncharacters and characters that change the direction
can spoof logs and names (ASVS 1.3, Unicode TR 36). Lengths count code points, after NFC and
trimming.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, LiteralString

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function

BREAKS = ("\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029")
"""Line breaks other than a newline alone (Unicode, section 5.8)."""

HIDDEN = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069"
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(rf"\U{plane:04x}fffe-\U{plane:04x}ffff" for plane in range(1, 17))
)
MARKS = "\u200e\u200f\u061c"
"""Direction marks of Hebrew and Arabic; they may be within a line, but not at its ends."""

WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))
BLANK = (
    r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00013441\U00013442"
    r"\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""White space, Unicode's `Default_Ignorable_Code_Point`, and letters that have no visible form."""

MAX_MARKS = 30
"""The most combining marks in a row (UAX #15, Stream-Safe Text Format); more make NFC quadratic."""

SHORTENED = 4
"""NFC composes at most this many characters into one."""

EXPANDED = {"\u0f73": "\u0f71\u0f72", "\u0f75": "\u0f71\u0f74", "\u0f81": "\u0f71\u0f80"}
"""Characters of combining class 0 that NFC replaces by two combining marks."""

LENGTH: LiteralString = "The text must have {min} to {max} characters."
"""The message for a text that is too short or too long."""

VISIBLE = re.compile(f"[^{BLANK}]")
TOO_MANY_MARKS = re.compile(rb"[^\0]{%d}" % (MAX_MARKS + 1))


class TooLong(ValueError):
    """The text in NFC has more characters than allowed."""


class MarksInRow(ValueError):
    """The text has more combining marks in a row than any language needs."""


def composed(text: str, longest: int) -> str:
    """Return the text in NFC, in linear time.

    Raises TooLong if the result would have more than `longest` characters, and MarksInRow.
    """
    if len(text) > SHORTENED * longest:
        raise TooLong
    if text.isascii():
        normal = text
    elif TOO_MANY_MARKS.search(combining_classes(text)):
        raise MarksInRow
    else:
        normal = unicodedata.normalize("NFC", text)
    if len(normal) > longest:
        raise TooLong
    return normal


def combining_classes(text: str) -> bytes:
    for mark, two in EXPANDED.items():
        text = text.replace(mark, two)
    return bytes(map(unicodedata.combining, text))


def simple_lower(text: str) -> str:
    """Return the text in Unicode's simple lower case: each character becomes exactly one.

    `str.lower` writes `İ` as two characters and chooses the form of `Σ` by its neighbours, so the
    lower case of a part is not always a part of the lower case of the whole.
    """
    return text.replace("İ", "i").replace("Σ", "σ").lower()


@dataclass(frozen=True)
class Text:
    r"""The type of a text with several lines.

    It is normalised (NFC); each line break becomes a newline, and a text without a visible
    character becomes empty. Control characters are refused. Lengths count code points.

    ```python
    Content = Annotated[str, Text(1, 20_000)]
    assert TypeAdapter(Content).validate_python("Milk\r\nBread") == "Milk\nBread"
    ```
    """

    shortest: int
    longest: int

    format: ClassVar[str] = "text"
    refused: ClassVar[re.Pattern[str]] = re.compile(f"[{HIDDEN}]")

    def __call__(self, value: str) -> str:
        if self.refused.search(value):
            raise PydanticCustomError("control_character", "Control characters are not allowed.")
        try:
            text = composed(self.tidy(value), self.longest)
        except TooLong:
            raise self._length_error("string_too_long") from None
        except MarksInRow:
            raise PydanticCustomError(
                "combining_marks",
                "The text must have at most {max} combining marks in a row.",
                {"max": MAX_MARKS},
            ) from None
        if len(text) < self.shortest:
            raise self._length_error("string_too_short")
        return text

    def tidy(self, value: str) -> str:
        for line_break in BREAKS:
            value = value.replace(line_break, "\n")
        return value if VISIBLE.search(value) else ""

    def _length_error(self, kind: LiteralString) -> PydanticCustomError:
        return PydanticCustomError(kind, LENGTH, {"min": self.shortest, "max": self.longest})

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_after_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        lengths = {"minLength": self.shortest, "maxLength": self.longest}
        return {**handler(schema), "format": self.format, **lengths}


@dataclass(frozen=True)
class Line(Text):
    """The type of a text of one line, which is trimmed, and else as with `Text`.

    ```python
    Title = Annotated[str, Line(1, 100)]
    assert TypeAdapter(Title).validate_python("  Milk ") == "Milk"
    ```
    """

    format: ClassVar[str] = "line"
    refused: ClassVar[re.Pattern[str]] = re.compile(rf"[\t\n{''.join(BREAKS)}{HIDDEN}]")

    def tidy(self, value: str) -> str:
        return value.strip(WHITE_SPACE + MARKS) if VISIBLE.search(value) else ""
