"""The middleware that authenticates a request, counts it, and applies the policy of its route.

Litestar runs an application-wide middleware after routing, so that the route is known. `RouteRules`
makes the start fail if a route has no policy.
"""

from typing import Any
from urllib.parse import parse_qsl

from core.kernel.clock import Clock
from core.kernel.errors import FieldError, InvalidInput
from core.kernel.principal import Principal
from core.kernel.text import Line
from core.security.authentication import (
    Authenticator,
    BadCredential,
    InsufficientScope,
    KeyAuthenticator,
    KeyRequired,
    MixedCredentials,
)
from core.security.limits import RateLimits
from core.security.policies import Policy
from core.web.context import HttpContext, context_of
from core.web.idempotency.middleware import Idempotency
from core.web.limits import count_request
from core.web.maintenance import MaintenanceSwitch, UnderMaintenance
from core.web.parameters import check_flags
from core.web.responses import FinishedResponse
from core.web.route_options import rules_of


class AccessMiddleware:
    def __init__(
        self,
        app: Any,
        authenticator: Authenticator,
        key_authenticator: KeyAuthenticator,
        limits: RateLimits,
        maintenance: MaintenanceSwitch,
        idempotency: Idempotency,
        clock: Clock,
    ) -> None:
        self._app = app
        self._identify = authenticator.identify
        self._identify_key = key_authenticator.identify_key
        self._limits, self._maintenance = limits, maintenance
        self._idempotency, self._clock = idempotency, clock

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        context, rules = context_of(scope), rules_of(scope)
        error = await self._authenticate(context, rules.policy)
        if rules.in_api:
            await count_request(self._limits, context, rules.limit)
        if rules.options:
            return await FinishedResponse(204, [*rules.options], b"")(scope, receive, send)
        if error:
            raise error
        await self._authorize(context.principal, rules.policy)
        if scope["path_params"]:
            refuse_hidden_characters(scope["path_params"])
        if scope["query_string"] and rules.query is not None:
            refuse_unknown(scope["query_string"], rules.query)
        if rules.flags:
            check_flags(scope["query_string"], rules.flags)
        if scope["method"] == "POST" and b"idempotency-key" in context.headers:
            await self._idempotency.once(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _authenticate(self, context: HttpContext, policy: Policy) -> Exception | None:
        """Set the principal, or return an error that is raised after the request is counted."""
        authorization = context.headers.get(b"authorization")
        key = context.headers.get(b"x-api-key")
        if authorization is None and key is None:
            return None
        if authorization is not None and key is not None and not policy.both:
            return MixedCredentials()
        by_token = await self._by_token(authorization) if authorization is not None else None
        by_key = await self._identify_key(key.decode("latin-1")) if key is not None else None
        if policy.both:
            return self._join(context, by_token, by_key)
        context.principal = by_token or by_key
        if context.principal is None and policy.strict:
            return BadCredential()
        return None

    async def _by_token(self, authorization: bytes) -> Principal | None:
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        return await self._identify(token.decode("latin-1"))

    def _join(
        self,
        context: HttpContext,
        by_token: Principal | None,
        by_key: Principal | None,
    ) -> Exception | None:
        """Set the principal if token and key have the same user and the key has the scope."""
        if by_token is None:
            return BadCredential("Send your access token and, beside it, an API key of yours.")
        if by_key is None or by_key.id != by_token.id:
            return KeyRequired()
        context.principal = by_token
        needed = rules_of(context.scope).policy.needs
        if needed and not by_key.may(needed):
            return InsufficientScope(f"This takes a key with the scope {needed.name}.")
        return None

    async def _authorize(self, principal: Principal | None, policy: Policy) -> None:
        if not policy.while_closed and not (principal and principal.is_admin):
            closed = await self._maintenance.state()
            if closed.enabled:
                raise UnderMaintenance(closed.message or "", closed.retry_after_s)
        policy.admit(principal, self._clock())


def refuse_hidden_characters(path_params: dict[str, Any]) -> None:
    for name, value in path_params.items():
        if type(value) is str and Line.refused.search(value):
            message = "Control characters are not allowed."
            raise InvalidInput([FieldError(f"path.{name}", message, "control_character")])


def refuse_unknown(query_string: bytes, known: frozenset[str]) -> None:
    """Raise InvalidInput for an unknown query parameter, or a repeated one, except `sort`."""
    given = [name for name, _ in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)]
    errors = [
        FieldError(f"query.{name[:50]}", "There is no such parameter here.", "unknown")
        for name in given
        if name not in known
    ] or [
        FieldError(f"query.{name}", "Give it once.", "repeated")
        for name in dict.fromkeys(given)
        if given.count(name) > 1 and name != "sort"
    ]
    if errors:
        raise InvalidInput(errors[:20])
