"""Text that means the same to everyone who reads it: normalised, and without hidden characters.

NUL is refused by PostgreSQL; control, direction-changing and non-characters spoof logs and names
(ASVS 1.3, Unicode TR 36). Lengths count code points, after NFC and trimming.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar
from unicodedata import normalize

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function

HIDDEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(rf"\U{plane:04x}fffe-\U{plane:04x}ffff" for plane in range(1, 17))
)


def simple_lower(text: str) -> str:
    """Return the text in Unicode's simple lower case: each character becomes exactly one other.

    `str.lower` writes `İ` as two characters and chooses the form of `Σ` by its neighbours, so a
    part of a text in lower case is not always a part of the whole in lower case.
    """
    return text.replace("İ", "i").replace("Σ", "σ").lower()


@dataclass(frozen=True)
class Text:
    """`Content = Annotated[str, Text(1, 20_000)]`: lines, each ending in a newline alone."""

    shortest: int
    longest: int

    format: ClassVar[str] = "text"
    refused: ClassVar[re.Pattern[str]] = re.compile(f"[{HIDDEN}]")

    def __call__(self, value: str) -> str:
        if self.refused.search(value):
            raise PydanticCustomError("control_character", "Control characters are not allowed.")
        tidy = self.tidy(normalize("NFC", value))
        if self.shortest <= len(tidy) <= self.longest:
            return tidy
        kind = "string_too_short" if len(tidy) < self.shortest else "string_too_long"
        lengths = {"shortest": self.shortest, "longest": self.longest}
        raise PydanticCustomError(kind, "From {shortest} to {longest} characters.", lengths)

    def tidy(self, value: str) -> str:
        return value.replace("\r\n", "\n").replace("\r", "\n")

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_after_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        lengths = {"minLength": self.shortest, "maxLength": self.longest}
        return {**handler(schema), "format": self.format, **lengths}


@dataclass(frozen=True)
class Line(Text):
    """`Name = Annotated[str, Line(2, 50)]`: one line, trimmed."""

    format: ClassVar[str] = "line"
    refused: ClassVar[re.Pattern[str]] = re.compile(rf"[\t\n\r{HIDDEN}]")

    def tidy(self, value: str) -> str:
        return value.strip()
