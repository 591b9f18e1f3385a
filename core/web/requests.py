"""The type of a request, for a route that reads more of it than its arguments."""

from litestar import Request
from litestar.datastructures import State

AnyRequest = Request[object, object, State]
