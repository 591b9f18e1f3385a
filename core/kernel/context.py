"""The context of the current request, for the log, the audit trail and services.

The server runs each request in its own task. The outermost layer sets the variable first, so the
variable needs no reset.
"""

from contextvars import ContextVar
from uuid import UUID

from core.kernel.client_networks import client_network
from core.kernel.principal import Principal


class RequestContext:
    """Data of one request. Outside requests, the context has no id, client IP or principal."""

    __slots__ = ("about", "address", "audited", "code", "principal", "request_id", "traceparent")

    def __init__(self, request_id: str = "", address: str = "") -> None:
        self.request_id = request_id
        self.address = address
        self.principal: Principal | None = None
        self.traceparent: str | None = None
        self.about: UUID | None = None
        """The id of the user that the response is about, if that is not the principal."""
        self.code = ""
        """The error code of the response."""
        self.audited = False
        """Whether the audit trail already has an entry of this request."""

    @property
    def client(self) -> str:
        """Return the client as rate limits count it: an IPv6 client is its /64 network."""
        return client_network(self.address)


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)
enter_context = _current.set


def current_context() -> RequestContext:
    return _current.get() or RequestContext()


def in_request() -> bool:
    """Return whether this task works for a request."""
    return _current.get() is not None
