"""The type of a request, and that of an application that responds to one."""

from collections.abc import Awaitable, Callable

from litestar import Request
from litestar.datastructures import State
from litestar.types import HTTPScope, Receive, Send

AnyRequest = Request[object, object, State]
"""The request, for a route that reads more of it than its arguments."""
HttpApp = Callable[[HTTPScope, Receive, Send], Awaitable[None]]
"""An ASGI application for HTTP. One of Litestar accepts WebSockets too."""
