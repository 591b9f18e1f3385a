"""The success responses of an operation: statuses, header fields and bodies."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import Response
from litestar.routes import HTTPRoute

from core.kernel.json_types import JsonObject
from core.web.openapi.errors import ErrorResponses
from core.web.openapi.headers import references, text
from core.web.openapi.refusals import refusals
from core.web.openapi.schemas import Schemas
from core.web.route_options import RouteOptions, options_of


def responses_of(
    route: HTTPRoute,
    handler: HTTPRouteHandler,
    method: str,
    schemas: Schemas,
    errors: ErrorResponses,
) -> JsonObject:
    options = options_of(handler)
    own = dict(handler.responses or {})
    responses = {str(handler.status_code): success(handler, own, options, schemas)}
    if options.may_be_unchanged(method):
        responses["304"] = {"$ref": "#/components/responses/NotModified"}
    for status, spec in own.items():
        if status != handler.status_code:
            done = responses[str(handler.status_code)]
            responses[str(status)] = another(status, spec, done, schemas)
    return responses | errors.of(method, options, refusals(route, handler, method))


WITHOUT_BODY: JsonObject = {
    "NotModified": {
        "description": "The resource still has this ETag.",
        "headers": references(["X-Request-ID", "ETag"]),
    },
    "NoContent": {
        "description": "No Content",
        "headers": references(["X-Request-ID", "RateLimit-Policy", "RateLimit"]),
    },
}


def another(status: int, spec: ResponseSpec, usual: JsonObject, schemas: Schemas) -> JsonObject:
    """Return a success response in addition to the usual one."""
    if status == 206:
        return parts(spec, usual)
    schema = schemas.of(spec.data_container, "serialization")
    content = {"content": {"application/json": {"schema": schema}}} if spec.data_container else {}
    return {
        "description": spec.description,
        "headers": references(["X-Request-ID"]),
        **content,
    }


def parts(spec: ResponseSpec, whole: JsonObject) -> JsonObject:
    """Return a 206 with one part of the content, or several (RFC 9110, section 15.3.7)."""
    return {
        "description": spec.description,
        "headers": whole["headers"] | references(["Content-Range"]),
        "content": whole["content"] | {"multipart/byteranges": BINARY},
    }


def success(
    handler: HTTPRouteHandler, own: dict[int, ResponseSpec], options: RouteOptions, schemas: Schemas
) -> JsonObject:
    spec = own.get(handler.status_code)
    response: JsonObject = {
        "description": HTTPStatus(handler.status_code).phrase,
        "headers": success_headers(handler, options),
    }
    if response == WITHOUT_BODY["NoContent"]:
        return {"$ref": "#/components/responses/NoContent"}
    content = success_content(handler, spec, options, schemas)
    return response | ({"content": content} if content else {})


def success_content(
    handler: HTTPRouteHandler, spec: ResponseSpec | None, options: RouteOptions, schemas: Schemas
) -> JsonObject | None:
    kind = handler.parsed_fn_signature.return_type
    annotation = spec.data_container if spec else kind.annotation
    if spec is None and kind.is_subclass_of(Response):
        annotation = kind.inner_types[0].annotation if kind.inner_types else bytes
    if annotation in (None, type(None)):
        return None
    if annotation in (bytes, Any):
        own = name_of(spec.media_type if spec else handler.media_type)
        kinds = options.produces or (own or OCTETS,)
        return {kind: TEXT_CONTENT if kind.startswith("text/") else BINARY for kind in kinds}
    media_type = name_of(spec and spec.media_type) or "application/json"
    return {media_type: {"schema": schemas.of(annotation, "serialization")}}


OCTETS = "application/octet-stream"
TEXT_CONTENT: JsonObject = {"schema": {"type": "string"}}
BINARY: JsonObject = {"schema": {"type": "string", "format": "binary"}}
"""The notation of OpenAPI 3.0, which generators still expect; 3.1 needs only a media type."""


def name_of(media_type: object) -> str:
    """Return the media type as text; Litestar has an enum for some."""
    return str(getattr(media_type, "value", media_type) or "")


def success_headers(handler: HTTPRouteHandler, options: RouteOptions) -> JsonObject:
    names = ["X-Request-ID"]
    if handler.status_code == 201 and (options.location or "id" in fields_of(handler)):
        names.append("Location")
    if options.listing:
        names.append("Link")
    elif options.in_api and is_tagged(handler, options):
        names.append("ETag")
    if options.in_api:
        names += ["RateLimit-Policy", "RateLimit"]
    if "POST" in handler.http_methods and options.in_api and options.idempotency:
        names.append("Idempotency-Replayed")
    given = sorted(handler.resolve_response_headers(), key=lambda header: header.name)  # from a set
    own = {header.name: text(header.description or "") for header in given}
    return references(names) | own


def is_tagged(handler: HTTPRouteHandler, options: RouteOptions) -> bool:
    """Return whether the body has an ETag, as `resource_response` will decide."""
    if "GET" in handler.http_methods:
        return not options.streamed
    if options.idempotency is False:
        return False
    fields = fields_of(handler)
    return bool(fields) if handler.status_code == 200 else "id" in fields


def fields_of(handler: HTTPRouteHandler) -> Collection[str]:
    """Return the fields of the body; none if the handler returns a Response."""
    return getattr(handler.parsed_fn_signature.return_type.annotation, "model_fields", ())
