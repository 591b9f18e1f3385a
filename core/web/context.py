"""The context of an HTTP request: what was read from it, and what layers add for the response."""

from random import getrandbits
from re import compile as pattern
from time import perf_counter
from typing import cast

from litestar.types import HTTPScope

from core.engine.http import Header
from core.kernel.context import CURRENT, RequestContext
from core.kernel.principal import Principal
from core.security.authentication import NotSignedIn
from core.web.route_options import NO_OPERATION

ACCEPTABLE_ID = pattern(rb"[A-Za-z0-9._-]{8,128}")
ACCEPTABLE_TRACE = pattern(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
NO_SCOPE = cast("HTTPScope", {})


class HttpContext(RequestContext):
    """The context that a context variable has during a request.

    Services know it as a RequestContext, without the parts of HTTP.
    """

    client_ip = ""
    options = NO_OPERATION
    """The options of the operation, once the router has found it."""
    template = "unmatched"
    """The path of the route with parameter names, so that logs and metrics have few values."""
    allow = ""
    """The methods of the path, if it does not have the method of the request."""
    status = 0
    elapsed_s = 0.0

    def __init__(self, scope: HTTPScope) -> None:
        self.started = perf_counter()
        # The request id is not a secret, so it need not be unpredictable.
        self.request_id = f"{getrandbits(128):032x}"
        self.scope = scope
        """The scope; it is `NO_SCOPE` after the response."""
        self.method: str = scope["method"]
        """The method as it was sent; the scope of a HEAD request has GET."""
        self.headers: dict[bytes, bytes] = {}
        self.reply_headers: list[Header] = []
        """The header fields that middleware adds to the response."""

    def read_ids(self) -> None:
        """Take over the request id and the trace context of the client, if they are valid."""
        request_id, trace = self.headers.get(b"x-request-id"), self.headers.get(b"traceparent")
        if request_id is not None and ACCEPTABLE_ID.fullmatch(request_id):
            self.request_id = request_id.decode()
        if trace is not None and ACCEPTABLE_TRACE.fullmatch(trace):
            self.traceparent = trace.decode()


def http_context() -> HttpContext:
    """Return the context of the current request; there is none outside a request."""
    return cast("HttpContext", CURRENT.get())


def principal() -> Principal:
    """Return the principal of the current request. Raises NotSignedIn if it is anonymous."""
    if (signed_in := http_context().principal) is None:
        raise NotSignedIn
    return signed_in


def visitor() -> Principal | None:
    """Return the principal, or None if the request is anonymous."""
    return http_context().principal
