"""The success responses of an operation: statuses, header fields and bodies."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import Response
from litestar.routes import HTTPRoute

from core.web.openapi.errors import ErrorAnswers
from core.web.openapi.headers import references, text
from core.web.openapi.refusals import refusals
from core.web.openapi.schemas import Json, Schemas
from core.web.route_options import RouteOptions, options_of


def responses_of(
    route: HTTPRoute,
    handler: HTTPRouteHandler,
    method: str,
    schemas: Schemas,
    errors: ErrorAnswers,
) -> Json:
    rules = options_of(handler)
    own = dict(handler.responses or {})
    answers = {str(handler.status_code): success(handler, own, rules, schemas)}
    if method == "GET" and rules.in_api and rules.listing is None and not rules.streamed:
        answers["304"] = {"$ref": "#/components/responses/NotModified"}
    for status, spec in own.items():
        if status != handler.status_code:
            answers[str(status)] = another(status, spec, answers[str(handler.status_code)], schemas)
    return answers | errors.of(method, rules, refusals(route, handler, method, rules))


WITHOUT_BODY: Json = {
    "NotModified": {
        "description": "The resource still has this ETag.",
        "headers": references(["X-Request-ID", "ETag"]),
    },
    "NoContent": {
        "description": "No Content",
        "headers": references(["X-Request-ID", "RateLimit-Policy", "RateLimit"]),
    },
}


def another(status: int, spec: ResponseSpec, usual: Json, schemas: Schemas) -> Json:
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


def parts(spec: ResponseSpec, whole: Json) -> Json:
    """Return a 206 with one part of the content, or several (RFC 9110, section 15.3.7)."""
    return {
        "description": spec.description,
        "headers": whole["headers"] | references(["Content-Range"]),
        "content": whole["content"] | {"multipart/byteranges": BINARY},
    }


def success(
    handler: HTTPRouteHandler, own: dict[int, ResponseSpec], rules: RouteOptions, schemas: Schemas
) -> Json:
    spec = own.get(handler.status_code)
    answer: Json = {
        "description": HTTPStatus(handler.status_code).phrase,
        "headers": success_headers(handler, rules),
    }
    if answer == WITHOUT_BODY["NoContent"]:
        return {"$ref": "#/components/responses/NoContent"}
    content = success_content(handler, spec, rules, schemas)
    return answer | ({"content": content} if content else {})


def success_content(
    handler: HTTPRouteHandler, spec: ResponseSpec | None, rules: RouteOptions, schemas: Schemas
) -> Json | None:
    kind = handler.parsed_fn_signature.return_type
    annotation = spec.data_container if spec else kind.annotation
    if spec is None and kind.is_subclass_of(Response):
        annotation = kind.inner_types[0].annotation if kind.inner_types else bytes
    if annotation in (None, type(None)):
        return None
    if annotation in (bytes, Any):
        own = name_of(spec.media_type if spec else handler.media_type)
        kinds = rules.produces or (own or OCTETS,)
        return {kind: TEXT if kind.startswith("text/") else BINARY for kind in kinds}
    media_type = name_of(spec and spec.media_type) or "application/json"
    return {media_type: {"schema": schemas.of(annotation, "serialization")}}


OCTETS = "application/octet-stream"
TEXT: Json = {"schema": {"type": "string"}}
BINARY: Json = {"schema": {"type": "string", "format": "binary"}}
"""The notation of OpenAPI 3.0, which generators still expect; 3.1 needs only a media type."""


def name_of(media_type: Any) -> str:
    """Return the media type as text; Litestar has an enum for some."""
    return str(getattr(media_type, "value", media_type) or "")


def success_headers(handler: HTTPRouteHandler, rules: RouteOptions) -> Json:
    names = ["X-Request-ID"]
    if handler.status_code == 201 and (rules.location or "id" in fields_of(handler)):
        names.append("Location")
    if rules.listing:
        names.append("Link")
    elif rules.in_api and is_tagged(handler, rules):
        names.append("ETag")
    if rules.in_api:
        names += ["RateLimit-Policy", "RateLimit"]
    if "POST" in handler.http_methods and rules.in_api and rules.idempotency:
        names.append("Idempotency-Replayed")
    given = sorted(handler.resolve_response_headers(), key=lambda header: header.name)  # from a set
    own = {header.name: text(header.description or "") for header in given}
    return references(names) | own


def is_tagged(handler: HTTPRouteHandler, rules: RouteOptions) -> bool:
    """Return whether `names_a_resource` will be true for the body."""
    if "GET" in handler.http_methods:
        return not rules.streamed
    if rules.idempotency is False:
        return False
    fields = fields_of(handler)
    return bool(fields) if handler.status_code == 200 else "id" in fields


def fields_of(handler: HTTPRouteHandler) -> Collection[str]:
    """Return the fields of the body; none if the handler returns a Response."""
    return getattr(handler.parsed_fn_signature.return_type.annotation, "model_fields", ())
