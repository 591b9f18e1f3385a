"""JSON that has one meaning.

No JSON library here refuses a repeated key but the standard one with a hook. So that one reads the
bytes first, for the refusals, and pydantic reads the same bytes for the values (ASVS 1.5.3).
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from core.kernel.errors import BadRequest

DEEPEST = 32
LARGEST_INTEGER = 2**53 - 1


class MalformedJson(BadRequest):
    """It cannot be parsed, or two parsers could read it in two ways.

    Let a JSON library write it, in UTF-8: no key twice, no `NaN`, at most 32 levels deep, whole
    numbers within ±(2⁵³−1).
    """

    place = "body"
    code = "http.malformed_json"
    title = "The body is not one unambiguous JSON value in UTF-8."


def unambiguous(content: bytes) -> bytes:
    """The same bytes. Raises MalformedJson for what two parsers could read in two ways."""
    try:
        text = content.decode()
        if text.count("[") + text.count("{") > DEEPEST and too_deep(text):
            raise MalformedJson(f"It is nested more than {DEEPEST} deep.")
        scan(text)
    except RepeatedKey:
        raise MalformedJson("A key is given twice.").at(place_of_repeated(text)) from None
    except ValueError as error:
        raise MalformedJson from error
    return content


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RepeatedKey
    return found


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def finite(number: str) -> float:
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise ValueError("too large")
    return value


def exact(number: str) -> int:
    """What every JSON reader understands alike (RFC 8259, section 6)."""
    if len(number) > 17 or abs(value := int(number)) > LARGEST_INTEGER:
        raise MalformedJson(f"Integers reach from -{LARGEST_INTEGER} to {LARGEST_INTEGER}.")
    return value


scan: Callable[[str], Any] = json.JSONDecoder(
    object_pairs_hook=each_key_once, parse_constant=refuse, parse_float=finite, parse_int=exact
).decode


def too_deep(text: str) -> bool:
    """Only for texts with many brackets; those inside strings do not count."""
    depth, inside, escaped = 0, False, False
    for sign in text:
        if inside:
            inside = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif sign in "]}":
            depth -= 1
    return False


class RepeatedKey(ValueError):
    """Of two values one would be ignored."""


class Pairs(list[Any]):
    """An object as it was written, with what is repeated in it."""


outline: Callable[[str], Any] = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_constant=str, parse_float=str, parse_int=str
).decode
"""Without a look at the numbers."""


def place_of_repeated(text: str) -> str:
    """E.g. `body.a.0.b`: read again for this, because a hook does not know where it is."""
    try:
        path = next(repeated(outline(text)), [])
    except ValueError:  # what comes after it is no JSON
        path = []
    return ".".join(["body", *path]).encode(errors="backslashreplace").decode()


def repeated(value: Any) -> Iterator[list[str]]:
    """The path to each."""
    if not isinstance(value, list):
        return
    seen = set()
    members = value if isinstance(value, Pairs) else enumerate(value)
    for key, inner in members:
        if key in seen:
            yield [str(key)]
        seen.add(key)
        yield from ([str(key), *rest] for rest in repeated(inner))
