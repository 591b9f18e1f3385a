"""Every status an operation may answer with."""

from http import HTTPStatus
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import Response

from core.data.errors import DatabaseBusy
from core.kernel.errors import InvalidInput, ProblemError
from core.security.authentication import (
    BadCredential,
    InsufficientScope,
    KeyNotAllowed,
    MixedCredentials,
    NotPermitted,
    NotSignedIn,
    StepUpRequired,
)
from core.security.limits import RateLimited
from core.web.admission import BadHost, HeadersTooLarge, UriTooLong
from core.web.bodies import EncodedBody, MalformedJson, NotJson
from core.web.idempotency.middleware import BadIdempotencyKey, KeyReused, StillRunning
from core.web.maintenance import UnderMaintenance
from core.web.openapi.schemas import Json, Schemas
from core.web.problems import BodyTooLarge, InternalError, NothingHere, Problem, Unreadable
from core.web.rules import Rules

Kinds = list[type[ProblemError]]


def responses_of(
    handler: HTTPRouteHandler, method: str, rules: Rules, schemas: Schemas, *, has_input: bool
) -> Json:
    own = dict(handler.responses or {})
    success = own.pop(handler.status_code, None)
    answers = {str(handler.status_code): success_of(handler, success, rules, schemas)}
    if method == "GET" and rules.has_validators and rules.listing is None:
        answers["304"] = {"description": "It is still what the ETag says."}
    for status, text in problem_texts(own, common_problems(handler, method, rules, has_input)):
        answers[status] = problem_response(int(status), text, schemas)
    return answers


def success_of(
    handler: HTTPRouteHandler, spec: ResponseSpec | None, rules: Rules, schemas: Schemas
) -> Json:
    status = handler.status_code
    kind = handler.parsed_fn_signature.return_type
    answer: Json = {
        "description": (spec and spec.description) or HTTPStatus(status).phrase,
        "headers": success_headers(handler, rules),
    }
    annotation = spec.data_container if spec else kind.annotation
    if annotation is None or kind.is_subclass_of(type(None)):
        return answer
    media_type = str((spec and spec.media_type) or "application/json")
    if spec is None and kind.is_subclass_of(Response):
        media_type, schema = str(handler.media_type or "application/octet-stream"), dict[str, Any]()
    elif annotation is bytes:
        schema = {}
    else:
        schema = schemas.of(annotation, "serialization")
    return answer | {"content": {media_type: {"schema": schema}}}


def success_headers(handler: HTTPRouteHandler, rules: Rules) -> Json:
    headers = {"X-Request-ID": text_header("Names the request, for support.")}
    if handler.status_code == 201:
        headers["Location"] = text_header("Where the created thing stands.")
    if rules.listing:
        headers["Link"] = text_header("The neighbours of this part of the list (RFC 8288).")
    if rules.limited:
        headers["RateLimit-Policy"] = text_header("The limit that was counted against.")
        headers["RateLimit"] = text_header("What remains of it, and for how many seconds.")
    return headers


def text_header(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}


def common_problems(handler: HTTPRouteHandler, method: str, rules: Rules, has_input: bool) -> Kinds:
    """What core may answer before, around or instead of the handler."""
    found: Kinds = [Unreadable, InvalidInput, BadHost, UriTooLong, HeadersTooLarge, InternalError]
    found += [DatabaseBusy, MixedCredentials]
    found += access_problems(rules)
    if rules.limited:
        found.append(RateLimited)
    if not rules.policy.while_closed:
        found.append(UnderMaintenance)
    if "{" in "".join(handler.paths):
        found.append(NothingHere)
    if has_input:
        found += [MalformedJson, NotJson, EncodedBody, BodyTooLarge]
    if method == "POST" and rules.limited:
        found.append(BadIdempotencyKey)
        found += [StillRunning, KeyReused, BodyTooLarge] if rules.idempotency else []
    return found


def access_problems(rules: Rules) -> Kinds:
    policy = rules.policy
    if policy.anyone:
        return [BadCredential, InsufficientScope] if policy.strict else []
    found: Kinds = [NotSignedIn, BadCredential]
    found.append(InsufficientScope if policy.scope else KeyNotAllowed)
    found += [NotPermitted] if policy.needs else []
    found += [StepUpRequired] if policy.step_up else []
    return found


def problem_texts(own: dict[int, ResponseSpec], common: Kinds) -> list[tuple[str, str]]:
    texts: dict[int, list[str]] = {
        status: [spec.description] if status >= 400 else [] for status, spec in own.items()
    }
    for kind in dict.fromkeys(common):
        lines = texts.setdefault(kind.status, [])
        if not any(f"`{kind.code}`" in line for line in lines):
            lines.append(f"`{kind.code}`: {kind.title}")
    return [(str(status), " ".join(lines)) for status, lines in sorted(texts.items()) if lines]


def problem_response(status: int, text: str, schemas: Schemas) -> Json:
    headers = {"X-Request-ID": text_header("Names the request, for support.")}
    if status in (429, 503):
        headers["Retry-After"] = text_header("Seconds to wait.")
    if status == 401:
        headers["WWW-Authenticate"] = text_header("RFC 6750.")
    body = {"schema": schemas.of(Problem, "serialization")}
    return {
        "description": text,
        "headers": headers,
        "content": {"application/problem+json": body},
    }
