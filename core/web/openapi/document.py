"""The assembly of the document: info, security schemes and all operations."""

import json
from collections.abc import Iterable, Mapping

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from core.kernel.json_types import JsonObject
from core.security.authentication import Named
from core.security.policies import Policy
from core.version import VERSION
from core.web.openapi.errors import ErrorResponses, problem_examples
from core.web.openapi.examples import add_examples
from core.web.openapi.headers import HEADERS
from core.web.openapi.parameters import parameters_of, shared_parameters
from core.web.openapi.responses import WITHOUT_BODY, responses_of
from core.web.openapi.schemas import Schemas, Words
from core.web.openapi.schemes import API_KEY, BEARER, OWN
from core.web.route_options import options_of

INTRODUCTION = """Bodies are JSON and are read strictly: an unknown field or parameter is refused.
Errors are [problems]({public_url}/docs/problems) (RFC 9457) with a stable `code`. Their language is
English or Korean, by the `locale` of the user, else by `Accept-Language`. Lists have offset and
cursor pagination. Single resources have an `ETag`: send it as `If-None-Match` to read a resource
only if it has changed, or as `If-Match` to change it only if it has not. A POST with an
`Idempotency-Key` can be repeated safely. Each path with GET also has HEAD, and every path has
OPTIONS."""

LICENSE = {"name": "MIT", "identifier": "MIT"}

Operations = Iterable[tuple[HTTPRoute, HTTPRouteHandler]]


def document_of(
    operations: Operations,
    public_url: str,
    more_schemes: JsonObject,
    modules: Mapping[str, str],
    words: Words,
    subclasses: Named,
) -> JsonObject:
    """Return the whole document.

    Modules contribute the security schemes `more_schemes` and the enum values `words`. `modules`
    has the description of each module by its name, and `subclasses` the subclass of each error
    without a code.
    """
    schemas, paths = Schemas(), dict[str, JsonObject]()
    errors = ErrorResponses(schemas, subclasses)
    operations = [pair for pair in operations if pair[1].resolve_include_in_schema()]
    for route, handler in operations:
        for method in handler.http_methods:
            responses = responses_of(route, handler, str(method), schemas, errors)
            operation = operation_of(route, handler, str(method), schemas, list(more_schemes))
            operation["responses"] = responses
            paths.setdefault(route.path_format or "/", {})[method.lower()] = operation
    listings = [options_of(handler).listing for _, handler in operations]
    document = schemas.resolve(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Atrium",
                "version": VERSION,
                "description": INTRODUCTION.format(public_url=public_url),
                "contact": {"name": "Atrium", "url": public_url},
                "license": LICENSE,
            },
            "servers": [{"url": public_url}],
            "tags": [{"name": name, "description": modules[name]} for name in tags_of(operations)],
            "paths": {path: in_order(paths[path]) for path in sorted(paths)},
            "components": {
                "securitySchemes": more_schemes | OWN,
                "parameters": shared_parameters(filter(None, listings)),
                "headers": HEADERS,
                "responses": WITHOUT_BODY | dict(sorted(errors.shared.items())),
                "examples": problem_examples(errors.codes, public_url),
            },
        },
        words,
    )
    add_examples(document)
    return without_unused(document)


def without_unused(document: JsonObject) -> JsonObject:
    """Leave out the components that no operation refers to."""
    text, components = json.dumps(document), document["components"]
    for kind in ("schemas", "responses", "parameters", "headers"):
        for name in [*components[kind]]:
            if f'"#/components/{kind}/{name}"' not in text:
                del components[kind][name]
    return document


def tags_of(operations: Operations) -> list[str]:
    """Return the module names; modules whose operations all need a permission come last."""
    every = [options_of(handler) for _, handler in operations]
    for_everyone = {options.module for options in every if not options.policy.needs}
    return sorted(
        {options.module for options in every}, key=lambda name: (name not in for_everyone, name)
    )


def in_order(methods: JsonObject) -> JsonObject:
    return {name: methods[name] for name in METHODS if name in methods}


METHODS = ("get", "post", "put", "patch", "delete", "options", "head")


def operation_of(
    route: HTTPRoute, handler: HTTPRouteHandler, method: str, schemas: Schemas, schemes: list[str]
) -> JsonObject:
    options = options_of(handler)
    body = request_body(handler, schemas)
    operation: JsonObject = {
        "operationId": operation_id(options.module, handler.fn.__name__),
        "summary": handler.summary,
        "description": " ".join(
            filter(None, [handler.description, *describe_access(options.policy)])
        ),
        "tags": [options.module],
        "parameters": parameters_of(route, handler, method, schemas),
        "security": security_of(options.policy, schemes),
    }
    return operation | ({"requestBody": body} if body else {})


def request_body(handler: HTTPRouteHandler, schemas: Schemas) -> JsonObject | None:
    """Return the body of the handler's `data`, or of `body={"multipart/form-data": {…}}`."""
    if declared := options_of(handler).body:
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


def security_of(policy: Policy, schemes: list[str]) -> list[JsonObject]:
    if policy.anyone and not policy.strict:
        return []
    tokens = (BEARER, *schemes)
    if policy.both:
        return [{name: [], API_KEY: []} for name in tokens]
    ways: list[JsonObject] = [{name: []} for name in tokens]
    if policy.scope:
        ways.append({API_KEY: []})
    return [{}, *ways] if policy.anyone else ways


def operation_id(module: str, handler: str) -> str:
    """Return `posts.list` for `list_posts` of `posts`, `users.read_me` for `read_me` of `users`.

    The id begins with the module, so the rest of the id does not repeat the module.
    """
    verb, _, noun = handler.rpartition("_")
    return f"{module}.{verb if verb and noun in (module, module.removesuffix('s')) else handler}"


def describe_access(policy: Policy) -> list[str]:
    sentences = [
        "Needs no credential." if policy.anyone else "",
        "Needs a signed-in user." if not policy.anyone and not policy.needs else "",
        f"Needs the permission `{policy.needs.name}`." if policy.needs else "",
        "Send an API key of the same user together with the access token." if policy.both else "",
        f"An API key needs the scope `{policy.scope.name}`." if policy.scope else "",
        "Needs a recent sign-in or re-authentication." if policy.step_up else "",
    ]
    return [sentence for sentence in sentences if sentence]
