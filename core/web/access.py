"""Decides whether a request is let through: credential, rate limits, maintenance mode, policy.

`RouteRules` makes the start fail if a route has no policy.
"""

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
from core.web.context import HttpContext
from core.web.maintenance import MaintenanceSwitch, UnderMaintenance
from core.web.route_options import RouteOptions

BEARER_SCHEME = b"bearer "


class AccessControl:
    """Admits requests; a request is counted before it is refused."""

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
            context.reply_headers += await self._limits.count(context, options.limit)
        return error

    async def _authenticate(self, context: HttpContext, policy: Policy) -> Exception | None:
        """Set the principal, or return an error that is raised after the request is counted."""
        headers = context.headers
        authorization, key = headers.get(b"authorization"), headers.get(b"x-api-key")
        if authorization is None and key is None:
            return None
        if authorization is not None and key is not None and not policy.both:
            return MixedCredentials()
        by_token = by_key = None
        if (
            authorization is not None
            and authorization[: len(BEARER_SCHEME)].lower() == BEARER_SCHEME
        ):
            by_token = await self._identify(authorization[len(BEARER_SCHEME) :].decode("latin-1"))
        if key is not None:
            by_key = await self._identify_key(key.decode("latin-1"))
        if policy.both:
            return self._join(context, policy, by_token, by_key)
        context.principal = by_token or by_key
        return BadCredential() if context.principal is None and policy.strict else None

    def _join(
        self,
        context: HttpContext,
        policy: Policy,
        by_token: Principal | None,
        by_key: Principal | None,
    ) -> Exception | None:
        """Set the principal if token and key have the same user and the key has the scope."""
        if by_token is None:
            return BadCredential("Send your access token and one of your API keys.")
        if by_key is None or by_key.id != by_token.id:
            return KeyRequired()
        context.principal = by_token
        if policy.needs and not by_key.may(policy.needs):
            message = "This requires an API key with the scope {scope}."
            return InsufficientScope(message, scope=policy.needs.name)
        return None
