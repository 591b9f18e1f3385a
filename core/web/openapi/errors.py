"""The error responses of an operation; one that several operations share is a component."""

from collections.abc import Mapping

from core.kernel.errors import ProblemError, Stale
from core.kernel.json_types import JsonObject
from core.security.authentication import (
    BadCredential,
    InsufficientScope,
    KeyNotAllowed,
    MixedCredentials,
    Named,
    NotPermitted,
    NotSignedIn,
)
from core.security.limits import RateLimited
from core.web.http_errors import NothingHere
from core.web.idempotency.middleware import FINAL, BadIdempotencyKey, KeyReused
from core.web.idempotency.store import StillRunning
from core.web.maintenance import UnderMaintenance
from core.web.openapi.headers import references
from core.web.openapi.refusals import ALWAYS, BODIES, Kinds
from core.web.openapi.schemas import Schemas, in_camel_case
from core.web.problems import Problem, example_of_problem, kinds, with_code
from core.web.route_options import RouteOptions

PROBLEM_TYPE = "application/problem+json"
EXAMPLES = "#/components/examples/"
RESPONSES_REF = "#/components/responses/"


def at(status: int, *more: type[ProblemError]) -> Kinds:
    return [kind for kind in (*ALWAYS, *more) if kind.status == status]


SHARED_ERRORS: Mapping[str, Kinds] = {
    "BadRequest": at(400, MixedCredentials),
    "BadRequestWithBody": at(400, MixedCredentials, *BODIES),
    "BadRequestWithBodyAndKey": at(400, MixedCredentials, *BODIES, BadIdempotencyKey),
    "Unauthorized": [NotSignedIn, BadCredential],
    "InvalidToken": [BadCredential],
    "KeyNotAllowed": [KeyNotAllowed],
    "InsufficientScope": [InsufficientScope],
    "NotPermitted": [KeyNotAllowed, NotPermitted],
    "NotFound": [NothingHere],
    "RequestTimeout": at(408),
    "IdempotencyKeyInUse": [StillRunning],
    "PreconditionFailed": [Stale],
    "ContentTooLarge": at(413, *BODIES),
    "UriTooLong": at(414),
    "UnsupportedMediaType": at(415, *BODIES),
    "Misdirected": at(421),
    "IdempotencyKeyReused": [KeyReused],
    "TooManyRequests": [RateLimited],
    "HeadersTooLarge": at(431),
    "InternalServerError": at(500),
    "Overloaded": at(503),
    "Unavailable": at(503, UnderMaintenance),
}
"""The error responses of the core that most routes have."""

MAX_CODES_IN_A_NAME = 4
USUAL: Kinds = [NothingHere, RateLimited, UnderMaintenance]


class ErrorResponses:
    """Describes error responses, and collects those that operations share."""

    def __init__(self, schemas: Schemas, subclasses: Named) -> None:
        self.shared: JsonObject = {}
        self.codes: set[str] = set()
        self._schemas, self._subclasses = schemas, subclasses
        self._names = {frozenset(self._named(kinds)): name for name, kinds in SHARED_ERRORS.items()}

    def of(self, method: str, options: RouteOptions, common: Kinds) -> JsonObject:
        return {
            str(status): self._response(errors, problem_headers(status, method, options))
            for status, errors in by_status(self._named([*options.errors, *common])).items()
        }

    def _named(self, kinds: Kinds) -> Kinds:
        return [with_code(kind, self._subclasses) for kind in kinds]

    def _response(self, errors: Kinds, headers: list[str]) -> JsonObject:
        self.codes |= {kind.code for kind in errors}
        if (name := self._name_of_shared(errors, headers)) is None:
            return self._described(errors, headers)
        self.shared[name] = self._described(sorted(errors, key=lambda kind: kind.code), headers)
        return {"$ref": RESPONSES_REF + name}

    def _name_of_shared(self, errors: Kinds, headers: list[str]) -> str | None:
        """Return the name of a shared response, from its codes that are not usual for its status.

        A response with many such codes, or with its own header, belongs to one operation: None.
        """
        status = errors[0].status
        if "Accept-Patch" in headers:
            return "UnsupportedPatchType" if set(errors) == set(at(status, *BODIES)) else None
        if "Idempotency-Replayed" in headers and StillRunning not in errors:
            return None
        if name := self._names.get(frozenset(errors)):
            return name
        usual = set(at(status, *USUAL))
        rest = sorted(in_camel_case(kind.code) for kind in errors if kind not in usual)
        return "Or".join(rest) if len(rest) <= MAX_CODES_IN_A_NAME and usual < set(errors) else None

    def _described(self, errors: Kinds, headers: list[str]) -> JsonObject:
        lines = [f"`{kind.code}`: {kind.title}" for kind in errors]
        code = {"type": "string", "enum": [kind.code for kind in errors]}
        narrowed = {"type": "object", "properties": {"code": code}, "required": ["code"]}
        schema = {"allOf": [self._schemas.of(Problem, "serialization"), narrowed]}
        examples = {kind.code: {"$ref": EXAMPLES + kind.code} for kind in errors}
        return {
            "description": lines[0] if len(lines) == 1 else "\n".join(f"- {it}" for it in lines),
            "headers": references(headers),
            "content": {PROBLEM_TYPE: {"schema": schema, "examples": examples}},
        }


def by_status(kinds: Kinds) -> dict[int, Kinds]:
    """Return the errors by status, each once."""
    statuses: dict[int, Kinds] = {}
    for kind in dict.fromkeys(kinds):
        statuses.setdefault(kind.status, []).append(kind)
    return dict(sorted(statuses.items()))


def problem_headers(status: int, method: str, options: RouteOptions) -> list[str]:
    names = ["X-Request-ID", *ALSO_SAID.get(status, ())]
    if method == "PATCH" and status == 415:
        names.append("Accept-Patch")
    if method == "POST" and options.in_api and options.idempotency:
        names += ["Retry-After"] if status == StillRunning.status else []
        names += ["Idempotency-Replayed"] if status in FINAL else []
    return names


ALSO_SAID = {
    401: ["WWW-Authenticate"],
    416: ["Content-Range"],
    429: ["Retry-After", "RateLimit-Policy", "RateLimit"],
    503: ["Retry-After"],
}


def problem_examples(codes: set[str], public_url: str) -> JsonObject:
    """Return an example of each problem that a response refers to."""
    return {
        code: {"value": example_of_problem(kind, public_url, kind.title)}
        for code, kind in kinds().items()
        if code in codes
    }
