"""The request for a part of a list: `?page=2&per_page=50&sort=-created_at&search=milk`."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from sqlalchemy import Enum

from core.data.list_columns import FilterColumn
from core.kernel.errors import FieldError, InvalidInput
from core.kernel.pages import PageRequest
from core.kernel.text import Line
from core.security.secrets import SecretKeys
from core.web.context import http_context
from core.web.cursors import Cursors
from core.web.parameters import flag, invalid, read_query, timestamp
from core.web.route_options import AnyListing
from core.web.validation_messages import field_error

MAX_PAGE = 1_000_000
SEARCH = Line(0, 100)
LIST_PARAMETERS = ("page", "per_page", "sort", "cursor", "total")
"""The query parameters of every list."""


def names_of(listing: AnyListing) -> frozenset[str]:
    """Return the names of the query parameters of a list."""
    search = ("search",) if listing.search else ()
    filters = (*listing.filter_columns, *listing.range_columns)
    return frozenset([*LIST_PARAMETERS, *search, *filters])


class PageRequests:
    """Reads `?page=2&per_page=50&sort=-created_at&search=milk`, or `?cursor=…`."""

    def __init__(self, secrets: SecretKeys) -> None:
        self._cursors = Cursors(secrets)

    def page_request(self) -> PageRequest:
        """Return the request for a part of the route's list. Raises InvalidInput."""
        context = http_context()
        if (listing := context.options.listing) is None:
            raise RuntimeError("A page_request is of a list: say listing=… on the route.")
        query = read_query(context.scope["query_string"])
        page, by_cursor = number(query, "page", 1, MAX_PAGE), "cursor" in query
        refuse_contradictions(query, page)
        with_total = flag("total", query.get("total", "false")) or not by_cursor
        sort, search = query.get("sort"), searched(query.get("search"))
        filters = filters_in(query, listing)
        own = sorted((name, query[name]) for name in query.keys() - names_of(listing))
        binding = repr((context.scope["path"], sort, search, sorted(filters.items(), key=str), own))
        return PageRequest(
            page=page,
            sort=sort,
            search=search,
            filters=filters,
            by_cursor=by_cursor,
            after=self._cursors.open(query["cursor"], binding) if query.get("cursor") else None,
            per_page=number(query, "per_page", 20, 100),
            with_total=with_total,
            seal=partial(self._cursors.seal, binding=binding),
        )


def refuse_contradictions(query: Mapping[str, str], page: int) -> None:
    if "cursor" in query and page > 1:
        raise invalid("cursor", "Send a page or a cursor, not both.", "conflict")
    if query.get("sort") == "":
        raise invalid("sort", "Name a sort key, or leave the parameter out.", "unknown")


def filters_in(query: Mapping[str, str], listing: AnyListing) -> dict[str, object]:
    columns = {**listing.range_columns, **listing.filter_columns}
    return {
        name: filter_value(name, kind_of(column), query[name])
        for name, column in columns.items()
        if name in query
    }


def number(query: Mapping[str, str], name: str, default: int, largest: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdecimal() and len(text) < 9 and 1 <= int(text) <= largest:
        return int(text)
    raise invalid(
        name, "The value must be a whole number from {min} to {max}.", "range", min=1, max=largest
    )


def kind_of(column: FilterColumn) -> Any:  # Any: a form of type
    """Return the type of a filter by this column: its Python type, or a Literal for an enum."""
    if isinstance(column.type, Enum):
        return Literal[tuple(column.type.enums)]
    return column.type.python_type


def filter_value(name: str, kind: Any, text: str) -> object:
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


def searched(text: str | None) -> str | None:
    """Return the search text, one plain line; None if it is empty. Raises InvalidInput."""
    try:
        return SEARCH(text) or None if text is not None else None
    except PydanticCustomError as error:
        raise InvalidInput([FieldError.of("query.search", error)]) from None
