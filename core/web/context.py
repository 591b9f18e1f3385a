"""The context of an HTTP request: what was read from it, and header fields for the response."""

from random import getrandbits
from re import compile as pattern
from time import perf_counter
from typing import Any, cast

from core.engine.http import Header
from core.kernel.context import RequestContext, current_context
from core.web.route_options import RouteOptions, options_of

ACCEPTABLE_ID = pattern(rb"[A-Za-z0-9._-]{8,128}")
ACCEPTABLE_TRACE = pattern(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class HttpContext(RequestContext):
    """The context that a context variable has during a request.

    Services know it as a RequestContext, without the parts of HTTP.
    """

    __slots__ = ("allow", "headers", "method", "reply_headers", "scope", "started", "status")

    def __init__(self, scope: Any) -> None:
        # The request id is not a secret, so it need not be unpredictable.
        super().__init__(f"{getrandbits(128):032x}")
        self.started = perf_counter()
        self.scope = scope
        self.method: str = scope["method"]
        """The method as it was sent; the scope of a HEAD request has GET."""
        self.allow = ""
        """The methods of the path, if it does not have the method of the request."""
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.reply_headers: list[Header] = []
        """The header fields that middleware adds to the response."""

    def read(self, headers: dict[bytes, bytes], address: str) -> None:
        """Store the header fields and client IP, and a valid request id and trace context."""
        self.headers, self.address = headers, address
        request_id = headers.get(b"x-request-id")
        if request_id is not None and ACCEPTABLE_ID.fullmatch(request_id):
            self.request_id = request_id.decode()
        trace = headers.get(b"traceparent")
        if trace is not None and ACCEPTABLE_TRACE.fullmatch(trace):
            self.traceparent = trace.decode()

    @property
    def template(self) -> str:
        """The path of the route with parameter names, so that logs and metrics have few values."""
        return str(self.scope.get("path_template", "unmatched"))

    @property
    def module(self) -> str:
        """The module of the route; `core` for an unknown path."""
        handler = self.scope.get("route_handler")
        return options_of(handler).module if handler else "core"

    def leave(self) -> None:
        """Drop the scope, which refers to this context: the cycle would need garbage collection."""
        self.scope = {}

    @property
    def elapsed_s(self) -> float:
        return perf_counter() - self.started


def http_context() -> HttpContext:
    """Return the context of the current request; there is none outside a request."""
    return cast("HttpContext", current_context())


def current_options() -> RouteOptions:
    """Return the options of the route; there are none before the router has found it."""
    return options_of(http_context().scope["route_handler"])
