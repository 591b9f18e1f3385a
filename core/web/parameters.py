"""Dependencies of handlers: `principal`, `visitor`, `if_match` and, in a list, `page_request`."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from litestar.di import Provide
from litestar.params import Parameter
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from sqlalchemy import Enum

from core.kernel.errors import FieldError, InvalidInput
from core.kernel.messages import ParameterValue
from core.kernel.pages import PageRequest
from core.kernel.preconditions import ANY_VERSION, IfMatch
from core.kernel.schemas import parse_timestamp
from core.kernel.text import Line
from core.security.secrets import SecretKeys
from core.web.context import HttpContext, http_context
from core.web.cursors import Cursors
from core.web.entity_tags import listed_tags, weakly_listed
from core.web.responses import row_tag
from core.web.route_options import AnyListing
from core.web.validation_messages import FLAG, TIMESTAMP, field_error

MAX_PAGE = 1_000_000
SEARCH = Line(0, 100)
BY_PAGE = ("page",)
BY_CURSOR = ("cursor", "total")
BY_EITHER = ("per_page", "sort")
SPACE_FOR_PLUS = re.compile(r"([Tt ][0-9:.]+) ([0-9]{2}:[0-9]{2})")
"""A time and an offset whose `+` was decoded as a space, because it was not encoded."""


def if_match() -> IfMatch:
    """Return the conditions of the request. Raises InvalidInput for malformed entity tags."""
    context = http_context()
    header, unless = context.headers.get(b"if-match"), context.headers.get(b"if-none-match")
    if header is None and unless is None:
        return ANY_VERSION
    tags = None if header is None else listed_tags(header)
    return IfMatch(tags, partial(row_tag, context.scope["path"]), weakly_listed(unless or b""))


def names_of(listing: AnyListing) -> frozenset[str]:
    """Return the names of the query parameters of a list."""
    search = ("search",) if listing.search else ()
    filters = (*listing.filter_columns, *listing.range_columns)
    return frozenset([*BY_PAGE, *BY_CURSOR, *BY_EITHER, *search, *filters])


class PageRequests:
    """Reads `?page=2&per_page=50&sort=-created_at&search=milk`, or `?cursor=…`."""

    def __init__(self, secrets: SecretKeys) -> None:
        self._cursors = Cursors(secrets)

    def page_request(self) -> PageRequest:
        context = http_context()
        listing = context.options.listing
        if listing is None:
            raise RuntimeError("A page_request is of a list: say listing=… on the route.")
        query = read_query(context.scope["query_string"])
        return self._read(context, listing, query)

    def _read(
        self, context: HttpContext, listing: AnyListing, query: dict[str, str]
    ) -> PageRequest:
        page = number(query, "page", 1, MAX_PAGE)
        if "cursor" in query and page > 1:
            raise invalid("cursor", "Send a page or a cursor, not both.", "conflict")
        if query.get("sort") == "":
            raise invalid("sort", "Name a sort key, or leave the parameter out.", "unknown")
        by_cursor, counted = "cursor" in query, flag("total", query.get("total", "false"))
        sort, search = query.get("sort"), searched(query.get("search"))
        filters = {
            name: filter_value(name, kind_of(column), query[name])
            for name, column in (*listing.range_columns.items(), *listing.filter_columns.items())
            if name in query
        }
        own = sorted((name, query[name]) for name in query.keys() - names_of(listing))
        binding = repr((context.scope["path"], sort, search, sorted(filters.items(), key=str), own))
        after = self._cursors.open(query["cursor"], binding) if query.get("cursor") else None
        return PageRequest(
            page=page,
            per_page=number(query, "per_page", 20, 100),
            sort=sort,
            search=search,
            filters=filters,
            by_cursor=by_cursor,
            after=after,
            with_total=counted or not by_cursor,
            seal=partial(self._cursors.seal, binding=binding),
        )


def number(query: dict[str, str], name: str, default: int, largest: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdecimal() and len(text) < 9 and 1 <= int(text) <= largest:
        return int(text)
    raise invalid(
        name, "The value must be a whole number from {min} to {max}.", "range", min=1, max=largest
    )


def kind_of(column: Any) -> Any:
    """Return the type of a filter by this column: its Python type, or a Literal for an enum."""
    if isinstance(column.type, Enum):
        return Literal[tuple(column.type.enums)]
    return column.type.python_type


def filter_value(name: str, kind: Any, text: str) -> Any:
    """Return the value of a filter in the type of its column. Raises InvalidInput."""
    if kind is bool:
        return flag(name, text)
    if kind is datetime:
        return timestamp(name, text)
    try:
        return TypeAdapter(kind).validate_strings(text) if kind is not str else SEARCH(text)
    except ValidationError as error:
        [details] = error.errors(include_url=False, include_input=False)
        code = "enum" if details["type"] == "literal_error" else "type"
        raise InvalidInput([field_error(f"query.{name}", details, code)]) from None
    except PydanticCustomError as error:
        raise InvalidInput([FieldError.of(f"query.{name}", error, "type")]) from None


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


def check_flags(query_string: bytes, names: frozenset[str]) -> None:
    """Raise InvalidInput for a boolean that `flag` refuses but Litestar accepts."""
    for name, text in read_query(query_string).items():
        if name in names:
            flag(name, text)


def searched(text: str | None) -> str | None:
    """Return the search text, one plain line; None if it is empty. Raises InvalidInput."""
    try:
        return SEARCH(text) or None if text is not None else None
    except PydanticCustomError as error:
        raise InvalidInput([FieldError.of("query.search", error)]) from None


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
