"""The options that a route declares in its decorator, read once when the application is built.

`@patch("/{note_id:uuid}", policy=authenticated, audit="notes.change")`: Litestar keeps keywords
that it does not know in the `opt` of the route.
"""

from dataclasses import dataclass, field
from typing import Any

from core.data.queries import Listing
from core.engine.http import Header
from core.kernel.value_listing import ValueListing
from core.security.policies import Policy

AnyListing = Listing | ValueListing


@dataclass(frozen=True, slots=True)
class RouteOptions:
    policy: Policy
    module: str = "core"
    in_api: bool = False
    """The path is under API_PREFIX: it has rate limits, ETags and, for POST, idempotency keys."""
    limit: str | None = None
    """A named rate limit in addition to the general ones, e.g. `limit="login"`."""
    listing: AnyListing | None = None
    query: frozenset[str] | None = field(default_factory=frozenset)
    """The query parameters of the route; any other is refused. None if they are not checked."""
    flags: frozenset[str] = frozenset()
    """The query parameters of the handler itself that are booleans."""
    audit: str | None = None
    """The action in the audit entry of a refused request, e.g. `notes.change`."""
    idempotency: bool = True
    """False if the response contains a secret."""
    streamed: bool = False
    """The response is sent while it is produced, so it has no ETag."""
    location: str | None = None
    """The path of a created resource, e.g. `/users/{id}`; by default `{path of the route}/{id}`."""
    prefix: str = ""
    public_url: str = ""
    options: tuple[Header, ...] = ()
    """The header fields of the response to OPTIONS, if the route has no OPTIONS handler."""

    def location_of(self, body: Any, path: str) -> str | None:
        created = getattr(body, "id", None)
        if self.location:
            return self.prefix + self.location.format(id=created)
        return f"{path.rstrip('/')}/{created}" if created else None


def rules_of(scope: Any) -> RouteOptions:
    rules: RouteOptions = scope["route_handler"].opt["rules"]
    return rules
