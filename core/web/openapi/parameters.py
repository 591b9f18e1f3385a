"""The parameters of an operation: from its path, query, list definition and headers."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition
from pydantic import TypeAdapter
from sqlalchemy.orm import InstrumentedAttribute

from core.kernel.json_types import JsonObject
from core.web.openapi.schemas import Schemas, in_camel_case, without_null
from core.web.page_requests import MAX_PAGE, kind_of
from core.web.route_options import AnyListing, RouteOptions, options_of

CONSTRAINTS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
}


def parameters_of(
    route: HTTPRoute, handler: HTTPRouteHandler, method: str, schemas: Schemas
) -> list[JsonObject]:
    options = options_of(handler)
    return [
        *path_parameters(route, handler, schemas),
        *query_parameters(route, handler, method, schemas),
        *(list_parameters(options.listing) if options.listing else ()),
        *header_parameters(handler, method, options),
    ]


def path_parameters(
    route: HTTPRoute, handler: HTTPRouteHandler, schemas: Schemas
) -> Iterator[JsonObject]:
    for name, path_parameter in route.path_parameters.items():
        field = handler.parsed_fn_signature.parameters.get(name)
        schema = schemas.of(field.annotation if field else path_parameter.type, "validation")
        if schema == {"type": "string"}:
            schema |= {"format": "line", "minLength": 1}
        yield described("path", name, schema, field, required=True)


def query_parameters(
    route: HTTPRoute, handler: HTTPRouteHandler, method: str, schemas: Schemas
) -> Iterator[JsonObject]:
    _, model = route.route_handler_map[method]  # type: ignore[index]
    for parameter in sorted(model.expected_query_params, key=lambda it: it.field_alias):
        field = handler.parsed_fn_signature.parameters.get(parameter.field_name)
        schema = without_null(schemas.of(field.annotation if field else str, "validation"))
        if schema == {"type": "string"}:
            schema["format"] = "line"
        yield described("query", parameter.field_alias, schema, field, parameter.is_required)


def described(
    place: str, name: str, schema: JsonObject, field: FieldDefinition | None, required: bool
) -> JsonObject:
    kwarg = field.kwarg_definition if field else None
    parameter: JsonObject = {"name": name, "in": place, "schema": schema}
    if required:
        parameter["required"] = True
    if isinstance(kwarg, ParameterKwarg):
        schema |= {
            keyword: value
            for attribute, keyword in CONSTRAINTS.items()
            if (value := getattr(kwarg, attribute)) is not None
        }
        schema |= kwarg.schema_extra or {}
        if kwarg.description:
            parameter["description"] = kwarg.description
        if kwarg.examples:
            schema["examples"] = [example.value for example in kwarg.examples]
    return parameter


def list_parameters(listing: AnyListing) -> list[JsonObject]:
    parameters = {"sort": (sort_schema(listing), SORT)}
    if listing.search:
        parameters["search"] = (LINE, "Plain text that the searched fields contain.")
    for name, column in listing.filter_columns.items():
        parameters[name] = (filter_schema(kind_of(column)), "Only items with this value.")
    own = [query(name, schema, description) for name, (schema, description) in parameters.items()]
    ranges = [
        shared(in_camel_case(name)) if is_timestamp(column) else range_of(name, column)
        for name, column in listing.range_columns.items()
    ]
    return [*(shared(name) for name in ("Page", "PerPage", "Cursor", "Total")), *own, *ranges]


def shared_parameters(listings: Iterable[AnyListing]) -> JsonObject:
    """Return the parameters that many operations have, with the time ranges of these lists."""
    return SHARED_PARAMETERS | {
        in_camel_case(name): range_of(name, column)
        for listing in listings
        for name, column in sorted(listing.range_columns.items())
        if is_timestamp(column)
    }


def is_timestamp(column: InstrumentedAttribute[object]) -> bool:
    return kind_of(column) is datetime


def range_of(name: str, column: InstrumentedAttribute[object]) -> JsonObject:
    field, _, comparison = name.rpartition("_")
    description = f"Only those whose `{field}` is {RANGES[comparison]}."
    return query(name, filter_schema(kind_of(column)), description)


RANGES = {
    "gte": "this value or greater",
    "gt": "greater than this value",
    "lte": "this value or less",
    "lt": "less than this value",
}
SORT = "Sort keys, in this order; `-` sorts a key in descending order. Each key may occur once."
POSITIVE_SCHEMA: JsonObject = {"type": "integer", "minimum": 1}
FLAG_SCHEMA: JsonObject = {"type": "boolean", "default": False}
LINE: JsonObject = {"type": "string", "format": "line", "maxLength": 100}
CURSOR: JsonObject = {"type": "string", "format": "cursor"}
"""`line` and `cursor` are formats of this document, not of JSON Schema: text without control
characters, and a value that an earlier response returned."""


def sort_schema(listing: AnyListing) -> JsonObject:
    keys = [f"{sign}{key}" for key in listing.keys for sign in ("", "-")]
    items = {"type": "string", "enum": keys}
    default = listing.default.split(",")
    return {
        "type": "array",
        "items": items,
        "minItems": 1,
        "maxItems": len(listing.keys),
        "uniqueItems": True,
        "default": default,
    }


def filter_schema(kind: Any) -> JsonObject:
    return LINE if kind is str else TypeAdapter(kind).json_schema()


def query(name: str, schema: JsonObject, description: str) -> JsonObject:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def header_parameters(
    handler: HTTPRouteHandler, method: str, options: RouteOptions
) -> Iterator[JsonObject]:
    signature = handler.parsed_fn_signature.parameters
    if "if_match" in signature:
        yield shared("IfMatch")
        yield shared("IfNoneMatch")
    for name, description in (options.request_headers or {}).items():
        yield header(name, description)
    if options.may_be_unchanged(method):
        yield shared("KnownETag")
    if method == "POST" and options.in_api:
        yield shared("IdempotencyKey" if options.idempotency else "UnusedIdempotencyKey")


def shared(name: str) -> JsonObject:
    return {"$ref": f"#/components/parameters/{name}"}


TAG_PATTERN = r"(W/)?\x22[\x21\x23-\x7e]*\x22"
"""Quotes are hexadecimal escapes, because generators copy a pattern into string literals."""

TEXT: JsonObject = {"type": "string"}
SCHEMAS: dict[str, JsonObject] = {
    "Idempotency-Key": TEXT | {"pattern": r"^\x22?[\x21\x23-\x7e]{1,255}\x22?$"},
    "If-Match": TEXT | {"pattern": rf"^(\*|{TAG_PATTERN}( *, *{TAG_PATTERN})*)$"},
}
"""The schemas of header fields that are refused if they do not match."""


def header(name: str, description: str) -> JsonObject:
    return {
        "name": name,
        "in": "header",
        "schema": SCHEMAS.get(name, TEXT),
        "description": description,
    }


SHARED_PARAMETERS: dict[str, JsonObject] = {
    "Page": query(
        "page",
        POSITIVE_SCHEMA | {"maximum": MAX_PAGE},
        "The number of the page; by default the first one.",
    ),
    "PerPage": query(
        "per_page",
        POSITIVE_SCHEMA | {"maximum": 100, "default": 20},
        "The number of items per page.",
    ),
    "Cursor": query("cursor", CURSOR, "For cursor pagination: empty to begin, then `next_cursor`."),
    "Total": query("total", FLAG_SCHEMA, "With a cursor: whether all items are counted."),
    "IfMatch": header(
        "If-Match", "The ETag that was read. If the resource has changed since then: 412."
    ),
    "IfNoneMatch": header(
        "If-None-Match", "An ETag that the resource must not have, or `*` for any ETag; else 412."
    ),
    "KnownETag": header("If-None-Match", "The known ETag. If the resource still has it: 304."),
    "IdempotencyKey": header(
        "Idempotency-Key", "The same key and body within 24 hours get the first response again."
    ),
    "UnusedIdempotencyKey": header(
        "Idempotency-Key", "Has no effect here: the response has a secret, so it is not stored."
    )
    | {"schema": TEXT},
}
"""The parameters that many operations have, each defined once in the components."""
