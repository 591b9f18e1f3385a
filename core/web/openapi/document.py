"""Puts the document together: info, security, and every operation of every route."""

from collections.abc import Iterable
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from core.security.policies import Policy
from core.version import VERSION
from core.web.openapi.examples import example_of
from core.web.openapi.parameters import parameters_of
from core.web.openapi.responses import responses_of
from core.web.openapi.schemas import Json, Schemas
from core.web.rules import Rules

ABOUT = """Errors are problems (RFC 9457) with a stable `code`, each explained at its `type`.
Lists come by page or by cursor. Single resources carry an `ETag`: send it as `If-None-Match` to
read, as `If-Match` to write. A POST with an `Idempotency-Key` can be repeated safely. Every GET
answers HEAD too."""

SECURITY_SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a session.",
    },
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "Acts as its owner, within its scopes.",
    },
}

Operations = Iterable[tuple[HTTPRoute, HTTPRouteHandler]]


def document_of(operations: Operations, public_url: str, more_schemes: Json) -> Json:
    """The whole document; `more_schemes` are ways to sign in that modules contribute."""
    schemas, paths = Schemas(), dict[str, Json]()
    for route, handler in operations:
        if not handler.resolve_include_in_schema():
            continue
        for method in handler.http_methods:
            operation = operation_of(route, handler, str(method), schemas, list(more_schemes))
            paths.setdefault(route.path_format or "/", {})[method.lower()] = operation
    document = schemas.resolve(
        {
            "openapi": "3.1.0",
            "info": {"title": "Atrium", "version": VERSION, "description": ABOUT},
            "servers": [{"url": public_url}],
            "paths": dict(sorted(paths.items())),
            "components": {"securitySchemes": SECURITY_SCHEMES | more_schemes},
        }
    )
    add_examples(document)
    return document


def operation_of(
    route: HTTPRoute, handler: HTTPRouteHandler, method: str, schemas: Schemas, schemes: list[str]
) -> Json:
    rules: Rules = handler.opt["rules"]
    parameters = parameters_of(route, handler, method, rules, schemas)
    body = request_body(handler, schemas)
    operation: Json = {
        "operationId": f"{rules.module}_{handler.fn.__name__}",
        "summary": handler.summary,
        "description": " ".join(filter(None, [handler.description, who_may(rules.policy)])),
        "tags": [rules.module],
        "parameters": parameters,
        "responses": responses_of(handler, method, rules, schemas, has_input=body is not None),
        "security": security_of(rules.policy, schemes),
    }
    return operation | ({"requestBody": body} if body else {})


def request_body(handler: HTTPRouteHandler, schemas: Schemas) -> Json | None:
    """Of the handler's `data`, or what the route says: `body={"multipart/form-data": {…}}`."""
    if declared := handler.opt.get("body"):
        return {
            "required": True,
            "content": {kind: {"schema": it} for kind, it in declared.items()},
        }
    if (field := handler.parsed_fn_signature.parameters.get("data")) is None:
        return None
    schema = schemas.of(field.annotation, "validation")
    kinds = ["application/json"]
    if "PATCH" in handler.http_methods:
        kinds.insert(0, "application/merge-patch+json")
    return {"required": True, "content": {kind: {"schema": dict(schema)} for kind in kinds}}


def security_of(policy: Policy, schemes: list[str]) -> list[dict[str, Any]]:
    if policy.anyone and not policy.strict:
        return []
    if policy.both:
        return [{"bearer": [], "api_key": []}]
    ways = [{name: list[str]()} for name in ("bearer", *schemes)]
    if policy.scope:
        ways.append({"api_key": []})
    return [{}, *ways] if policy.anyone else ways


def who_may(policy: Policy) -> str:
    sentences = [
        f"Takes the permission `{policy.needs.name}`." if policy.needs else "",
        f"An API key needs the scope `{policy.scope.name}`." if policy.scope else "",
        "Only for a while after signing in or stepping up." if policy.step_up else "",
    ]
    return " ".join(filter(None, sentences))


def add_examples(document: Json) -> None:
    definitions = document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if kind.endswith("json"):
                    content["example"] = example_of(content["schema"], definitions)
