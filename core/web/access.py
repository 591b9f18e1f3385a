"""The layer that authenticates a request, counts it, and applies the policy of its route.

`RouteRules` makes the start fail if a route has no policy.
"""

from typing import Any

from core.kernel.clock import Clock
from core.kernel.principal import Principal
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
from core.web.context import HttpContext, current_options, http_context
from core.web.limits import count_request
from core.web.maintenance import MaintenanceSwitch, UnderMaintenance
from core.web.problems import MethodNotAllowed
from core.web.responses import FinishedResponse
from core.web.route_options import RouteOptions


class AccessMiddleware:
    def __init__(self, app: Any, access: "AccessControl") -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        context, options = http_context(), current_options()
        if options.allow_headers and not context.allow:
            await self._access.count(context, options)
            await FinishedResponse(204, [*options.allow_headers], b"")(scope, receive, send)
            return
        await self._access.admit(context, options)
        if context.allow:
            raise MethodNotAllowed(context.allow)
        await self._app(scope, receive, send)


class AccessControl:
    """Decides whether a request is let through; a request is counted before it is refused."""

    def __init__(
        self,
        authenticator: Authenticator,
        key_authenticator: KeyAuthenticator,
        limits: RateLimits,
        maintenance: MaintenanceSwitch,
        clock: Clock,
    ) -> None:
        self._identify = authenticator.identify
        self._identify_key = key_authenticator.identify_key
        self._limits, self._maintenance, self._clock = limits, maintenance, clock

    async def admit(self, context: HttpContext, options: RouteOptions) -> None:
        """Set the principal. Raises the error of the first rule that refuses the request."""
        if error := await self.count(context, options):
            raise error
        policy, principal = options.policy, context.principal
        if not policy.while_closed and not (principal and principal.is_admin):
            closed = await self._maintenance.state()
            if closed.enabled:
                raise UnderMaintenance(closed.message or "", closed.retry_after_s)
        policy.admit(principal, self._clock())

    async def count(self, context: HttpContext, options: RouteOptions) -> Exception | None:
        """Authenticate and count the request; return the error of its credential, if any.

        Raises RateLimited.
        """
        error = await self._authenticate(context, options.policy)
        if options.in_api:
            await count_request(self._limits, context, options.limit)
        return error

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
            return BadCredential("Send your access token and one of your API keys.")
        if by_key is None or by_key.id != by_token.id:
            return KeyRequired()
        context.principal = by_token
        needed = current_options().policy.needs
        if needed and not by_key.may(needed):
            return InsufficientScope(
                "This requires an API key with the scope {scope}.", scope=needed.name
            )
        return None
