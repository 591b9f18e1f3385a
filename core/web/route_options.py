"""The options of a route: what its decorator declares, and what the core derives from that.

A route carries both in the `opt` of Litestar: the declaration since it was decorated, the options
since the application was built.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from litestar.handlers import BaseRouteHandler

from core.data.queries import Listing
from core.engine.http import Header
from core.kernel.errors import ProblemError
from core.kernel.uncopied import Uncopied
from core.kernel.value_listing import ValueListing
from core.security.policies import Policy, public

AnyListing = Listing | ValueListing
Errors = Sequence[type[ProblemError]]
Bodies = Mapping[str, Mapping[str, object]]

OPERATION_ID: Final = "<operation id>"
"""The audit name of a write that declares none: its id in OpenAPI, e.g. `notes.change`."""

DECLARATION, OPTIONS = "declaration", "options"
"""The keys of both objects in the `opt` of a route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration(Uncopied):
    """The options that the decorator of a route declares."""

    policy: Policy
    errors: Errors = ()
    """The errors that the route may raise, for OpenAPI and the pages of problems."""
    listing: AnyListing | None = None
    """The definition of the list that the route returns as a `Page`."""
    audit: str | None = None
    """The action in the audit entry of a refused request, e.g. `notes.change`."""
    limit: str | None = None
    """A named rate limit in addition to the general ones, e.g. `limit="login"`."""
    idempotency: bool = True
    """False if the response contains a secret, so that it is not stored for an Idempotency-Key."""
    location: str | None = None
    """The path of a created resource, e.g. `/users/{id}`; by default `{path of the route}/{id}`."""
    body: Bodies | None = None
    """The JSON Schemas, by media type, of a body that the route reads from the request itself."""
    request_headers: Mapping[str, str] | None = None
    """The header fields that the route reads, with a description."""
    produces: Sequence[str] = ()
    """The media types of a response that is no JSON."""
    streamed: bool = False
    """The response is sent while it is produced, so it has no ETag."""
    unread: bool = False
    """The route ignores query parameters and the body; they are not checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteOptions(Declaration):
    """The declared options, and those that the core derives when the application is built."""

    module: str = "core"
    in_api: bool = False
    """The path is under API_PREFIX: it has rate limits, ETags and, for POST, idempotency keys."""
    query: frozenset[str] | None = frozenset()
    """The query parameters of the route; any other is refused. None if they are not checked."""
    flags: frozenset[str] = frozenset()
    """The query parameters of the handler itself that are booleans."""
    bodyless: bool = False
    """A request body other than an empty object is refused."""
    prefix: str = ""
    public_url: str = ""
    allow_headers: tuple[Header, ...] = ()
    """The header fields of the response to OPTIONS, if the route has no OPTIONS handler."""

    def is_idempotent(self, method: str) -> bool:
        """Return whether the route stores its response for an `Idempotency-Key`."""
        return method == "POST" and self.idempotency

    def may_be_unchanged(self, method: str) -> bool:
        """Return whether a client may get 304, because the resource still has the known ETag."""
        return method == "GET" and self.in_api and self.listing is None and not self.streamed

    def location_of(self, body: object, path: str) -> str | None:
        created = getattr(body, "id", None)
        if self.location:
            return self.prefix + self.location.format(id=created)
        return f"{path.rstrip('/')}/{created}" if created else None


NO_OPERATION = RouteOptions(policy=public, in_api=True)
"""The options of a request for which the router has not found an operation, or not yet."""


def allow_of(methods: Collection[str]) -> str:
    """Return the value of `Allow`: a path that has GET has HEAD too."""
    return ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))


def declaration_of(handler: BaseRouteHandler) -> Declaration | None:
    """Return the declared options; None if the route was made with a decorator of Litestar."""
    declaration = handler.opt.get(DECLARATION)
    return declaration if isinstance(declaration, Declaration) else None


def options_of(handler: BaseRouteHandler) -> RouteOptions:
    """Return the options of a route of a built application."""
    options: RouteOptions = handler.opt[OPTIONS]
    return options
