"""JSON that has one meaning.

No JSON library here refuses a repeated key but the standard one with a hook. So that one reads the
bytes first, for the refusals, and pydantic reads the same bytes for the values (ASVS 1.5.3).
"""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from core.kernel.errors import BadRequest

DEEPEST = 32
MOST_MEMBERS, MOST_VALUES = 1_000, 10_000
LARGEST_INTEGER = 2**53 - 1


class MalformedJson(BadRequest):
    """It cannot be parsed, or two parsers could read it in two ways.

    Let a JSON library write it, in UTF-8: no key twice, no `NaN`, at most 32 levels deep, whole
    numbers within ±(2⁵³−1).
    """

    place = "body"
    code = "http.malformed_json"
    title = "The body is not one unambiguous JSON value in UTF-8."


class TooManyValues(BadRequest):
    """The JSON body has more values than any operation takes.

    An object has at most 1,000 members, and a body at most 10,000 values. Send the rest in further
    requests.
    """

    place = "body"
    code = "http.too_many_values"
    title = "The body has too many values."


def unambiguous(content: bytes) -> bytes:
    """Return the same bytes.

    Raises MalformedJson for what two parsers could read in two ways, and TooManyValues.
    """
    try:
        text = content.decode()
        check_extent(text)
        scan(text)
    except RepeatedKey:
        raise MalformedJson("A key is given twice.").at(place_of_repeated(text)) from None
    except ValueError as error:
        raise MalformedJson(where(error)) from error
    return content


def check_extent(text: str) -> None:
    """Before anything is built of it; most texts have too few signs for a closer look."""
    openings = text.count("[") + text.count("{")
    if openings <= DEEPEST and openings + text.count(",") < MOST_VALUES:
        return
    outside = outside_strings(text)
    if too_deep(outside):
        raise MalformedJson(f"It is nested more than {DEEPEST} deep.")
    if values_in(outside) > MOST_VALUES:
        raise TooManyValues(f"A body has at most {MOST_VALUES} values.")


def outside_strings(text: str) -> str:
    """Return what stands outside the strings, without white space."""
    unescaped = text.replace("\\\\", "").replace('\\"', "")
    return "".join("".join(unescaped.split('"')[::2]).split())


def values_in(outside: str) -> int:
    """Return how many values there are: one, and those of each object and list."""
    empty = outside.count("[]") + outside.count("{}")
    return 1 + outside.count(",") + outside.count("[") + outside.count("{") - empty


def too_deep(outside: str) -> bool:
    depth = 0
    for sign in outside:
        if sign in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif sign in "]}":
            depth -= 1
    return False


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_MEMBERS:
        raise TooManyValues(f"An object has at most {MOST_MEMBERS} members.")
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RepeatedKey
    return found


def refuse(constant: str) -> None:
    raise ValueError(constant)


def finite(number: str) -> float:
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise ValueError("it is too large")
    return value


def with_plain_integers(content: bytes) -> bytes:
    """Return the JSON with `36.0` and `1e1` written as `36` and `10`: equal by JSON Schema.

    Only for content that `unambiguous` has let pass.
    """
    return STRING_OR_NUMBER.sub(plain, content.decode()).encode()


STRING_OR_NUMBER = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?[0-9][0-9.eE+-]*+')


def plain(token: re.Match[str]) -> str:
    text = token[0]
    if text[0] == '"' or text.lstrip("-").isdecimal():
        return text
    number = Decimal(text)  # exact, which a float is not
    if abs(number) > LARGEST_INTEGER or number != number.to_integral_value():
        return text
    return str(int(number))


def exact(number: str) -> int:
    """What every JSON reader understands alike (RFC 8259, section 6)."""
    if len(number) > 17 or abs(value := int(number)) > LARGEST_INTEGER:
        raise MalformedJson(f"Integers reach from -{LARGEST_INTEGER} to {LARGEST_INTEGER}.")
    return value


scan: Callable[[str], Any] = json.JSONDecoder(
    object_pairs_hook=each_key_once, parse_constant=refuse, parse_float=finite, parse_int=exact
).decode


def where(error: ValueError) -> str:
    match error:
        case json.JSONDecodeError():
            return f"The body is no JSON at line {error.lineno}, column {error.colno}."
        case UnicodeDecodeError():
            return f"The body is no UTF-8 at byte {error.start + 1}."
        case _:
            return f"The body has a number that is not JSON: {error}."


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
