"""What is known of the request that is being answered, for the log, the audit trail and services.

The server runs each request in a task of its own, and the outermost layer sets the variable first
thing, so nothing needs to be reset.
"""

from contextvars import ContextVar
from uuid import UUID

from core.kernel.client_networks import client_network
from core.kernel.principal import Principal


class RequestContext:
    """Outside any request, the one of the system itself: no id, no address, nobody signed in."""

    __slots__ = ("about", "address", "audited", "code", "principal", "request_id", "traceparent")

    def __init__(self, request_id: str = "", address: str = "") -> None:
        self.request_id = request_id
        self.address = address
        self.principal: Principal | None = None
        self.traceparent: str | None = None
        self.about: UUID | None = None
        """The person that the answer describes, where that is not the principal."""
        self.code = ""
        """The code of the problem that answers the request."""
        self.audited = False
        """The audit trail has a row of this request already."""

    @property
    def client(self) -> str:
        """The client IP as limits count it: an IPv6 client is its /64."""
        return client_network(self.address)


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)
enter_context = _current.set


def current_context() -> RequestContext:
    return _current.get() or RequestContext()


def in_request() -> bool:
    """Return whether a request waits for what this task does."""
    return _current.get() is not None
