"""One HTTP request while it is being answered: what was read from it, what goes on the answer."""

from random import getrandbits
from re import compile as pattern
from time import perf_counter
from typing import Any

from core.kernel.context import RequestContext

Header = tuple[bytes, bytes]
ACCEPTABLE_ID = pattern(rb"[A-Za-z0-9._-]{8,128}")
ACCEPTABLE_TRACE = pattern(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class HttpContext(RequestContext):
    """Lies in the scope for the layers, and in the context variable for everything below."""

    __slots__ = ("headers", "method", "reply_headers", "scope", "started", "status")

    def __init__(self, scope: Any) -> None:
        # A name, not a secret: so it need not be unpredictable.
        super().__init__(f"{getrandbits(128):032x}")
        self.started = perf_counter()
        self.scope = scope
        self.method: str = scope["method"]
        """As it was sent; the scope of a HEAD request says GET."""
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.reply_headers: list[Header] = []
        """What the layers want on the answer, whoever writes it."""

    def read(self, headers: dict[bytes, bytes], address: str) -> None:
        """What the client says of itself; its own id for the request when that is a plain one."""
        self.headers, self.address = headers, address
        given = headers.get(b"x-request-id")
        if given is not None and ACCEPTABLE_ID.fullmatch(given):
            self.request_id = given.decode()
        trace = headers.get(b"traceparent")
        if trace is not None and ACCEPTABLE_TRACE.fullmatch(trace):
            self.traceparent = trace.decode()

    @property
    def template(self) -> str:
        """The route's path with its parameters' names: few values, whatever clients ask for."""
        return str(self.scope.get("path_template", "unmatched"))

    @property
    def module(self) -> str:
        """Whose route it is; core's for addresses that lead nowhere."""
        handler = self.scope.get("route_handler")
        return str(handler.opt["rules"].module) if handler else "core"

    def leave(self) -> None:
        """Let go of the scope, which holds this: together they would wait for the collector."""
        self.scope = {}

    @property
    def elapsed_s(self) -> float:
        return perf_counter() - self.started


def context_of(scope: Any) -> HttpContext:
    context: HttpContext = scope["atrium"]
    return context
