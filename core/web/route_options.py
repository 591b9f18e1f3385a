"""What a route says of itself in its decorator, worked out once when the application is built.

`@patch("/{note_id:uuid}", policy=authenticated, audit="notes.change")`: Litestar keeps keywords it
does not know in the route's `opt`.
"""

from dataclasses import dataclass, field
from typing import Any

from core.data.queries import Listing
from core.kernel.value_listing import ValueListing
from core.security.policies import Policy
from core.web.context import Header

AnyListing = Listing | ValueListing


@dataclass(frozen=True, slots=True)
class RouteOptions:
    policy: Policy
    module: str = "core"
    in_api: bool = False
    """Under the API's prefix: it is counted, has ETags, and its POSTs take an Idempotency-Key."""
    limit: str | None = None
    """A named rate limit beside the general ones, e.g. `limit="login"`."""
    listing: AnyListing | None = None
    query: frozenset[str] | None = field(default_factory=frozenset)
    """The query parameters it knows; any other is refused. None where none is looked at."""
    flags: frozenset[str] = frozenset()
    """The query parameters of the handler itself that are booleans."""
    audit: str | None = None
    """The action that the audit trail gives to a refusal, e.g. `notes.change`."""
    idempotency: bool = True
    """False where the answer holds a secret."""
    streamed: bool = False
    """The answer is sent while it is made: it has no ETag."""
    location: str | None = None
    """Where a created thing stands, e.g. `/users/{id}`; else at the route's path and its id."""
    prefix: str = ""
    public_url: str = ""
    options: tuple[Header, ...] = ()
    """The answer to OPTIONS, where the route has no handler of its own for it."""

    def location_of(self, body: Any, path: str) -> str | None:
        created = getattr(body, "id", None)
        if self.location:
            return self.prefix + self.location.format(id=created)
        return f"{path.rstrip('/')}/{created}" if created else None


def rules_of(scope: Any) -> RouteOptions:
    rules: RouteOptions = scope["route_handler"].opt["rules"]
    return rules
