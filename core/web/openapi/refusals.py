"""The errors that the core may return before, during or instead of the handler of a route."""

from collections.abc import Iterator
from itertools import chain
from typing import get_args

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from core.engine.http import (
    BadHost,
    BadUrl,
    HeadersTooLarge,
    Misdirected,
    RepeatedHeader,
    RequestTimeout,
    TooManyConnections,
    Unparsable,
    UriTooLong,
)
from core.engine.sql import DatabaseBusy, TooSlow
from core.kernel.errors import InvalidInput, ProblemError, Stale
from core.security.authentication import (
    BadCredential,
    InsufficientScope,
    KeyNotAllowed,
    KeyRequired,
    MixedCredentials,
    NotPermitted,
    NotSignedIn,
    ProofFailed,
    ResetRequired,
    StepUpRequired,
    TooManyAttempts,
)
from core.security.limits import RateLimited
from core.security.passwords import NEW_PASSWORD, HashingBusy, PasswordText
from core.security.policies import Policy
from core.web.bodies import WITH_BODY, BodyCutOff, EncodedBody, NotJson
from core.web.http_errors import BodyTooLarge, InternalError, NothingHere, Unreadable
from core.web.idempotency.middleware import BadIdempotencyKey, KeyReused
from core.web.idempotency.store import StillRunning
from core.web.maintenance import UnderMaintenance
from core.web.route_options import RouteOptions, options_of
from core.web.strict_json import MalformedJson, TooManyValues

Kinds = list[type[ProblemError]]

ALWAYS: Kinds = [
    InvalidInput,
    Unreadable,
    Unparsable,
    BadHost,
    BadUrl,
    RepeatedHeader,
    RequestTimeout,
    UriTooLong,
    Misdirected,
    HeadersTooLarge,
    InternalError,
    DatabaseBusy,
    TooSlow,
    TooManyConnections,
]
BODIES: Kinds = [MalformedJson, TooManyValues, BodyCutOff, NotJson, EncodedBody, BodyTooLarge]


def refusals(route: HTTPRoute, handler: HTTPRouteHandler, method: str) -> Kinds:
    options = options_of(handler)
    return [
        *by_password(handler, options.policy),
        *ALWAYS,
        *by_access(options),
        *([RateLimited] if options.in_api else ()),
        *([] if options.policy.while_closed else (UnderMaintenance,)),
        *([NothingHere] if route.path_parameters else ()),
        *([Stale] if "if_match" in handler.parsed_fn_signature.parameters else ()),
        *(BODIES if method in WITH_BODY else ()),
        *(by_idempotency(options) if method == "POST" and options.in_api else ()),
    ]


def by_password(handler: HTTPRouteHandler, policy: Policy) -> Kinds:
    """Return the errors of hashing a password of the body, and of comparing it.

    A signed-in user sends a password to re-authenticate.
    """
    marks = [*passwords_of(handler)]
    is_compared = any(mark != NEW_PASSWORD for mark in marks)
    errors: Kinds = [HashingBusy] * bool(marks) + [TooManyAttempts] * is_compared
    if is_compared and not policy.anyone:
        errors += [ProofFailed, StepUpRequired, ResetRequired]
    return errors


def passwords_of(handler: HTTPRouteHandler) -> Iterator[PasswordText]:
    """Yield the mark of each password in the body, also of `GivenPassword | None`."""
    data = handler.parsed_fn_signature.parameters.get("data")
    for field in getattr(data and data.annotation, "model_fields", {}).values():
        inner = [getattr(part, "__metadata__", ()) for part in get_args(field.annotation)]
        marks = chain(field.metadata, *inner)
        yield from (mark for mark in marks if isinstance(mark, PasswordText))


def by_access(options: RouteOptions) -> Kinds:
    policy = options.policy
    errors: Kinds = [] if policy.both else [MixedCredentials]
    if policy.anyone:
        errors += [BadCredential] if policy.strict else []
        errors += [InsufficientScope] if policy.scope else []
        return errors + ([KeyNotAllowed] if policy.keyless else [])
    errors += [NotSignedIn, BadCredential]
    if policy.both:
        errors += [KeyRequired, InsufficientScope]
    else:
        errors.append(InsufficientScope if policy.scope else KeyNotAllowed)
    if policy.needs:
        errors.append(NotPermitted)
    if policy.step_up:
        errors.append(StepUpRequired)
    return errors


def by_idempotency(options: RouteOptions) -> Kinds:
    return [StillRunning, KeyReused, BadIdempotencyKey, BodyTooLarge] if options.idempotency else []
