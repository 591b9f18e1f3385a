"""Every status an operation may answer with, and which problems come with each."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import Response
from litestar.routes import HTTPRoute

from core.kernel.errors import ProblemError
from core.web.idempotency.middleware import FINAL, StillRunning
from core.web.openapi.refusals import Kinds, refusals
from core.web.openapi.schemas import Json, Schemas
from core.web.problems import Problem, ProblemSpec, example_of_problem, kinds
from core.web.rules import Rules


def responses_of(
    route: HTTPRoute,
    handler: HTTPRouteHandler,
    method: str,
    rules: Rules,
    schemas: Schemas,
) -> Json:
    own = dict(handler.responses or {})
    answers = {str(handler.status_code): success(handler, own, rules, schemas)}
    if method == "GET" and rules.in_api and rules.listing is None and not rules.streamed:
        answers["304"] = {
            "description": "It is still what the ETag says.",
            "headers": references(["X-Request-ID", "ETag"]),
        }
    for status, spec in own.items():
        if status < 300 and status != handler.status_code:
            answers[str(status)] = another(status, spec, answers[str(handler.status_code)], schemas)
    common = refusals(route, method, rules)
    for status, found in by_status(own, common).items():
        answers[str(status)] = problem(found, schemas, problem_headers(status, method, rules))
    return answers


def another(status: int, spec: ResponseSpec, usual: Json, schemas: Schemas) -> Json:
    """A success beside the usual one."""
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
    """Of what the whole would be: one, or several in one body (RFC 9110, section 15.3.7)."""
    return {
        "description": spec.description,
        "headers": whole["headers"] | references(["Content-Range"]),
        "content": whole["content"] | {"multipart/byteranges": {}},
    }


def success(
    handler: HTTPRouteHandler, own: dict[int, ResponseSpec], rules: Rules, schemas: Schemas
) -> Json:
    spec = own.get(handler.status_code)
    answer: Json = {
        "description": HTTPStatus(handler.status_code).phrase,
        "headers": success_headers(handler, rules),
    }
    content = success_content(handler, spec, schemas)
    return answer | ({"content": content} if content else {})


def success_content(
    handler: HTTPRouteHandler, spec: ResponseSpec | None, schemas: Schemas
) -> Json | None:
    kind = handler.parsed_fn_signature.return_type
    annotation = spec.data_container if spec else kind.annotation
    if spec is None and kind.is_subclass_of(Response):
        annotation = kind.inner_types[0].annotation if kind.inner_types else bytes
    if annotation in (None, type(None)):
        return None
    if annotation in (bytes, Any):
        own = name_of(spec.media_type if spec else handler.media_type)
        return {kind: {} for kind in handler.opt.get("produces", (own or OCTETS,))}
    media_type = name_of(spec and spec.media_type) or "application/json"
    return {media_type: {"schema": schemas.of(annotation, "serialization")}}


OCTETS = "application/octet-stream"


def name_of(media_type: Any) -> str:
    """Litestar's own are members of an enumeration, and all others text."""
    return str(getattr(media_type, "value", media_type) or "")


def success_headers(handler: HTTPRouteHandler, rules: Rules) -> Json:
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
    own = {each.name: text(each.description or "") for each in handler.resolve_response_headers()}
    return references(names) | own


def is_tagged(handler: HTTPRouteHandler, rules: Rules) -> bool:
    """What `names_a_resource` will say of the body."""
    if "GET" in handler.http_methods:
        return not rules.streamed
    if rules.idempotency is False:
        return False
    fields = fields_of(handler)
    return bool(fields) if handler.status_code == 200 else "id" in fields


def fields_of(handler: HTTPRouteHandler) -> Collection[str]:
    """None of them where the handler writes its own answer."""
    return getattr(handler.parsed_fn_signature.return_type.annotation, "model_fields", ())


def references(names: list[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def text(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}


HEADERS: Json = {
    "X-Request-ID": text("Names the request, for support."),
    "Location": text("Where the created thing stands."),
    "Link": text("The neighbours of this part of the list (RFC 8288)."),
    "ETag": text("Of what stands at an address of its own."),
    "RateLimit-Policy": text("The limits that were counted against."),
    "RateLimit": text("What remains of them, and for how many seconds."),
    "Idempotency-Replayed": text("`true` when this is the first answer again."),
    "WWW-Authenticate": text("How to sign in, and what was wrong (RFC 6750)."),
    "Accept-Patch": text("How a change may be written (RFC 5789)."),
    "Content-Range": text("Which part it is, or of how many bytes there are parts."),
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}


def by_status(own: dict[int, ResponseSpec], common: Kinds) -> dict[int, Kinds]:
    """Those that the route names come first."""
    named = [each for spec in own.values() if isinstance(spec, ProblemSpec) for each in spec.kinds]
    found: dict[int, Kinds] = {}
    for kind in dict.fromkeys([*named, *common]):
        found.setdefault(kind.status, []).append(kind)
    return dict(sorted(found.items()))


def problem(found: Kinds, schemas: Schemas, headers: Json) -> Json:
    lines = [f"`{kind.code}`: {kind.title}" for kind in found]
    return {
        "description": lines[0] if len(lines) == 1 else "\n".join(f"- {each}" for each in lines),
        "headers": headers,
        "content": {
            PROBLEM: {
                "schema": schemas.of(Problem, "serialization"),
                "examples": {kind.code: {"$ref": EXAMPLES + kind.code} for kind in found},
            }
        },
    }


PROBLEM = "application/problem+json"
EXAMPLES = "#/components/examples/"


def problem_headers(status: int, method: str, rules: Rules) -> Json:
    names = ["X-Request-ID", *ALSO_SAID.get(status, ())]
    if method == "PATCH" and status == 415:
        names.append("Accept-Patch")
    if method == "POST" and rules.in_api and rules.idempotency:
        names += ["Retry-After"] if status == StillRunning.status else []
        names += ["Idempotency-Replayed"] if status in FINAL else []
    return references(names)


ALSO_SAID = {
    401: ["WWW-Authenticate"],
    416: ["Content-Range"],
    429: ["Retry-After", "RateLimit-Policy", "RateLimit"],
    503: ["Retry-After"],
}


def problem_examples(paths: Json, public_url: str) -> Json:
    """One of each kind that an answer refers to."""
    used = {
        code
        for path in paths.values()
        for operation in path.values()
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get(PROBLEM, {}).get("examples", ())
    }
    return {code: example(kind, public_url) for code, kind in kinds().items() if code in used}


def example(kind: type[ProblemError], public_url: str) -> Json:
    return {"summary": kind.title, "value": example_of_problem(kind, public_url)}
