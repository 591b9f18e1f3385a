"""The parameters of a request in its path, query and header fields."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl

from litestar.di import Provide
from litestar.params import Parameter
from litestar.types import HTTPScope

from core.kernel.errors import FieldError, InvalidInput
from core.kernel.messages import ParameterValue
from core.kernel.schemas import parse_timestamp
from core.kernel.text import Line
from core.web.route_options import RouteOptions
from core.web.validation_messages import FLAG, TIMESTAMP

SPACE_FOR_PLUS = re.compile(r"([Tt ][0-9:.]+) ([0-9]{2}:[0-9]{2})")
"""A time and an offset whose `+` was decoded as a space, because it was not encoded."""


def check_parameters(scope: HTTPScope, options: RouteOptions) -> None:
    """Refuse hidden characters in the path, and query parameters that the route does not have."""
    for name, value in scope["path_params"].items():
        if isinstance(value, str) and Line.refused.search(value):  # others are parsed already
            message = "Control characters are not allowed."
            raise InvalidInput([FieldError(f"path.{name}", message, "control_character")])
    if scope["query_string"] and options.query is not None:
        refuse_unknown(scope["query_string"], options.query)
    if options.flags:  # those that Litestar accepts, and `flag` does not
        for name, text in read_query(scope["query_string"]).items():
            if name in options.flags:
                flag(name, text)


def refuse_unknown(query_string: bytes, known: frozenset[str]) -> None:
    """Raise InvalidInput for an unknown query parameter, or a repeated one, except `sort`."""
    given = [name for name, _ in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)]
    errors = [
        FieldError(f"query.{name[:50]}", "There is no such parameter.", "unknown")
        for name in given
        if name not in known
    ] or [
        FieldError(f"query.{name}", "Send this parameter once.", "repeated")
        for name in dict.fromkeys(given)
        if given.count(name) > 1 and name != "sort"
    ]
    if errors:
        raise InvalidInput(errors)


def timestamp(name: str, text: str | None) -> datetime | None:
    """Return the time of an RFC 3339 text with an offset; None for None. Raises InvalidInput.

    A space instead of the sign of the offset is read as a `+` that was not sent as `%2B`.
    """
    try:
        return None if text is None else parse_timestamp(with_plus(text))
    except ValueError:
        raise invalid(name, TIMESTAMP, "type") from None


def with_plus(text: str) -> str:
    date, rest = text[:10], text[10:]
    if match := SPACE_FOR_PLUS.fullmatch(rest):
        return f"{date}{match[1]}+{match[2]}"
    return text


TimestampText = Annotated[str | None, Parameter(schema_extra={"format": "date-time"})]
"""The type of a query parameter that the handler passes to `timestamp`."""


def flag(name: str, text: str) -> bool:
    """Return the boolean; Python clients write it with a capital letter. Raises InvalidInput."""
    if text not in ("true", "false", "True", "False"):
        raise invalid(name, FLAG, "bool")
    return text in ("true", "True")


def read_query(query_string: bytes) -> dict[str, str]:
    """Return the parameters by name; `sort=a&sort=b` and `sort=a, b` become `sort=a,b`."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), True, errors="strict")
    except UnicodeDecodeError:
        raise InvalidInput([FieldError("query", "The query is not UTF-8.", "encoding")]) from None
    query = dict(pairs)
    if "sort" in query:
        keys = (key for name, value in pairs if name == "sort" for key in value.split(","))
        query["sort"] = ",".join(key.strip(" ") for key in keys)
    return query


def provide(*functions: Callable[[], object]) -> dict[str, Provide]:
    return {function.__name__: Provide(function, sync_to_thread=False) for function in functions}


def invalid(name: str, message: str, code: str, **parameters: ParameterValue) -> InvalidInput:
    return InvalidInput([FieldError(f"query.{name}", message, code, parameters)])
