"""The check that a JSON body has a single meaning (ASVS 1.5.3).

pydantic does not refuse a repeated key, but a hook of the standard `json` can. So `json` parses the
bytes first for the checks, and pydantic parses the same bytes for the values.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TypeVar

from core.kernel.errors import BadRequest

T = TypeVar("T")
MAX_DEPTH = 32
MAX_MEMBERS, MAX_VALUES = 1_000, 10_000
MAX_INTEGER = 2**53 - 1


class MalformedJson(BadRequest):
    """The body cannot be parsed, or two parsers could read it differently.

    Let a JSON library write the body in UTF-8: no key twice, no `NaN`, at most 32 levels, and
    integers within ±(2⁵³−1).
    """

    place = "body"
    code = "http.malformed_json"
    title = "The body is not one unambiguous JSON value in UTF-8."


class TooManyValues(BadRequest):
    """The JSON body has more values than any operation accepts.

    An object has at most 1,000 members, and a body at most 10,000 values. Send the rest in further
    requests.
    """

    place = "body"
    code = "http.too_many_values"
    title = "The body has too many values."


def unambiguous(content: bytes) -> bytes:
    """Return the content unchanged.

    Raises MalformedJson if two parsers could read it in two ways, and TooManyValues.
    """
    try:
        text = content.decode()
        openings = text.count("[") + text.count("{")
        if openings > MAX_DEPTH or openings + text.count(",") >= MAX_VALUES:  # seldom
            check_extent(text)
        scan(text)
    except RepeatedKey:
        raise MalformedJson("An object has the same key twice.").at(
            place_of_repeated(text)
        ) from None
    except ValueError as error:
        raise malformed(error) from error
    return content


def check_extent(text: str) -> None:
    """Raise MalformedJson or TooManyValues before a value is built."""
    outside = outside_strings(text)
    if too_deep(outside):
        raise MalformedJson("The body has more than {max} levels.", max=MAX_DEPTH)
    if values_in(outside) > MAX_VALUES:
        raise TooManyValues("A body has at most {max} values.", max=MAX_VALUES)


NO_BRACKETS = re.compile(r"[^\[\]{}]+")


def outside_strings(text: str) -> str:
    """Return the text outside the strings, without white space."""
    unescaped = text.replace("\\\\", "").replace('\\"', "")
    return "".join("".join(unescaped.split('"')[::2]).split())


def values_in(outside: str) -> int:
    """Return the number of values: the outer one, and those of each object and list."""
    empty = outside.count("[]") + outside.count("{}")
    return 1 + outside.count(",") + outside.count("[") + outside.count("{") - empty


def too_deep(outside: str) -> bool:
    """Return whether the nesting is too deep, by the brackets that a body may have.

    A text with more of them has too many values.
    """
    depth = 0
    for sign in NO_BRACKETS.sub("", outside)[: 2 * MAX_VALUES]:
        if sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif sign in "]}":
            depth -= 1
    return False


def each_key_once(pairs: list[tuple[str, T]]) -> dict[str, T]:
    if len(pairs) > MAX_MEMBERS:
        raise TooManyValues("An object has at most {max} members.", max=MAX_MEMBERS)
    members = dict(pairs)
    if len(members) < len(pairs):
        raise RepeatedKey
    return members


def refuse(constant: str) -> None:
    raise ValueError(constant)


def finite(number: str) -> float:
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise ValueError("it is too large")
    return value


def with_plain_integers(content: bytes) -> bytes:
    """Return the JSON with `36.0` and `1e1` written as `36` and `10`: equal by JSON Schema.

    The content must have passed `unambiguous`.
    """
    return STRING_OR_NUMBER.sub(plain, content.decode()).encode()


STRING_OR_NUMBER = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?[0-9][0-9.eE+-]*+')


def plain(token: re.Match[str]) -> str:
    text = token[0]
    if text[0] == '"' or text.lstrip("-").isdecimal():
        return text
    number = Decimal(text)  # exact, unlike a float
    if abs(number) > MAX_INTEGER or number != number.to_integral_value():
        return text
    return str(int(number))


def exact(number: str) -> int:
    """Return an integer that every JSON parser reads alike (RFC 8259, 6). Raises MalformedJson."""
    if len(number) > 17 or abs(value := int(number)) > MAX_INTEGER:
        limits = {"min": -MAX_INTEGER, "max": MAX_INTEGER}
        raise MalformedJson("Integers must be from {min} to {max}.", **limits)
    return value


scan: Callable[[str], object] = json.JSONDecoder(
    object_pairs_hook=each_key_once, parse_constant=refuse, parse_float=finite, parse_int=exact
).decode


def malformed(error: ValueError) -> MalformedJson:
    match error:
        case json.JSONDecodeError():
            message = "The body is not JSON at line {line}, column {column}."
            return MalformedJson(message, line=error.lineno, column=error.colno)
        case UnicodeDecodeError():
            return MalformedJson("The body is not UTF-8 at byte {byte}.", byte=error.start + 1)
        case _:
            message = "The body has a number that is not JSON: {number}."
            return MalformedJson(message, number=str(error))


class RepeatedKey(ValueError):
    """An object has the same key twice."""


class Pairs(list[tuple[str, object]]):
    """The members of an object as they were written, including repeated keys."""


outline: Callable[[str], object] = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_constant=str, parse_float=str, parse_int=str
).decode
"""The parser that leaves numbers as text and keeps repeated keys."""


def place_of_repeated(text: str) -> str:
    """Return the location of the first repeated key, e.g. `body.a.0.b`.

    The text is parsed again for this, because a hook does not know its location.
    """
    try:
        path = next(repeated(outline(text)), [])
    except ValueError:  # the text after the key is not JSON
        path = []
    return ".".join(["body", *path]).encode(errors="backslashreplace").decode()


def repeated(value: object) -> Iterator[list[str]]:
    """Yield the path to each repeated key."""
    if not isinstance(value, list):
        return
    seen = set[str | int]()
    members: Iterable[tuple[str | int, object]] = (
        value if isinstance(value, Pairs) else enumerate(value)
    )
    for key, inner in members:
        if key in seen:
            yield [str(key)]
        seen.add(key)
        yield from ([str(key), *rest] for rest in repeated(inner))
