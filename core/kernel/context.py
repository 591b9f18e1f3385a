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

    principal: Principal | None = None
    traceparent: str | None = None
    about: UUID | None = None
    """The id of the user that the response is about, if that is not the principal."""
    code = ""
    """The error code of the response."""
    audited = False
    """Whether the audit trail already has an entry of this request."""

    def __init__(self, request_id: str = "", client_ip: str = "") -> None:
        self.request_id, self.client_ip = request_id, client_ip

    @property
    def client(self) -> str:
        """Return the client as rate limits count it: an IPv6 client is its /64 network."""
        return client_network(self.client_ip)


CURRENT: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)
enter_context = CURRENT.set


def current_context() -> RequestContext:
    return CURRENT.get() or RequestContext()


def in_request() -> bool:
    """Return whether this task works for a request."""
    return CURRENT.get() is not None
