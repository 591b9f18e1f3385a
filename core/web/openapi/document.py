"""Puts the document together: info, security, and every operation of every route."""

from collections.abc import Iterable, Mapping
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from core.security.policies import Policy
from core.version import VERSION
from core.web.openapi.examples import add_examples
from core.web.openapi.parameters import parameters_of
from core.web.openapi.responses import HEADERS, problem_examples, responses_of
from core.web.openapi.schemas import Json, Schemas
from core.web.openapi.schemes import API_KEY, BEARER, OWN
from core.web.rules import Rules

ABOUT = """Bodies are JSON, read strictly: an unknown field or parameter is refused.
Errors are [problems]({public_url}/docs/problems) (RFC 9457) with a stable `code`.
Lists come by page or by cursor. Single resources carry an `ETag`: send it as `If-None-Match` to
read only what is new, as `If-Match` to change only what was read. A POST with an
`Idempotency-Key` can be repeated safely. Every GET answers HEAD too, every address OPTIONS."""

Operations = Iterable[tuple[HTTPRoute, HTTPRouteHandler]]


def document_of(
    operations: Operations, public_url: str, more_schemes: Json, modules: Mapping[str, str]
) -> Json:
    """The whole document.

    `more_schemes` are ways to sign in that modules contribute; `modules` says of each what it is.
    """
    schemas, paths = Schemas(), dict[str, Json]()
    operations = [each for each in operations if each[1].resolve_include_in_schema()]
    for route, handler in operations:
        for method in handler.http_methods:
            operation = operation_of(route, handler, str(method), schemas, list(more_schemes))
            paths.setdefault(route.path_format or "/", {})[method.lower()] = operation
    document = schemas.resolve(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Atrium",
                "version": VERSION,
                "description": ABOUT.format(public_url=public_url),
            },
            "servers": [{"url": public_url}],
            "tags": [{"name": name, "description": modules[name]} for name in tags_of(operations)],
            "paths": {path: in_order(paths[path]) for path in sorted(paths)},
            "components": {
                "securitySchemes": more_schemes | OWN,
                "headers": HEADERS,
                "examples": problem_examples(paths, public_url),
            },
        }
    )
    add_examples(document)
    return document


def tags_of(operations: Operations) -> list[str]:
    """Return the names of the modules; those whose every operation needs a permission come last."""
    every = [rules_of_handler(handler) for _, handler in operations]
    for_everyone = {rules.module for rules in every if not rules.policy.needs}
    return sorted(
        {rules.module for rules in every}, key=lambda name: (name not in for_everyone, name)
    )


def rules_of_handler(handler: HTTPRouteHandler) -> Rules:
    rules: Rules = handler.opt["rules"]
    return rules


def in_order(methods: Json) -> Json:
    return {name: methods[name] for name in METHODS if name in methods}


METHODS = ("get", "post", "put", "patch", "delete", "options", "head")


def operation_of(
    route: HTTPRoute, handler: HTTPRouteHandler, method: str, schemas: Schemas, schemes: list[str]
) -> Json:
    rules = rules_of_handler(handler)
    body = request_body(handler, schemas)
    operation: Json = {
        "operationId": f"{rules.module}_{handler.fn.__name__}",
        "summary": handler.summary,
        "description": " ".join(filter(None, [handler.description, who_may(rules.policy)])),
        "tags": [rules.module],
        "parameters": parameters_of(route, handler, method, rules, schemas),
        "responses": responses_of(route, handler, method, rules, schemas),
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
    tokens = (BEARER, *schemes)
    if policy.both:
        return [{name: [], API_KEY: []} for name in tokens]
    ways: list[dict[str, Any]] = [{name: []} for name in tokens]
    if policy.scope:
        ways.append({API_KEY: []})
    return [{}, *ways] if policy.anyone else ways


def who_may(policy: Policy) -> str:
    sentences = [
        f"Takes the permission `{policy.needs.name}`." if policy.needs else "",
        "Send an API key of the same person beside the token." if policy.both else "",
        f"An API key needs the scope `{policy.scope.name}`." if policy.scope else "",
        "Only for a while after signing in or stepping up." if policy.step_up else "",
    ]
    return " ".join(filter(None, sentences))
