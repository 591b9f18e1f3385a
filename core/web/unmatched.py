"""Requests for a path or method that no operation has."""

from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import HTTPScope, Receive, Send
from litestar.utils import normalize_path

from core.web.access import AccessControl
from core.web.context import http_context
from core.web.requests import HttpApp
from core.web.route_options import NO_OPERATION, allow_of


class Unmatched:
    """Counts them; the router of Litestar refuses them before it calls any middleware."""

    def __init__(self, router: HttpApp, access: AccessControl, api_prefix: str) -> None:
        self._router, self._access, self._prefix = router, access, f"{api_prefix}/"

    async def count(self, error: Exception, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Count and admit the request, if the router has raised the error.

        A method that the path lacks is routed as OPTIONS, which every path has. So the request is
        counted for its path, and `OperationMiddleware` refuses it with 405.
        """
        if "route_handler" in scope:  # the router has found the operation
            return
        if isinstance(error, MethodNotAllowedException):
            http_context().allow = allow_of((error.headers or {})["allow"].split(", "))
            scope["method"] = "OPTIONS"
            await self._router(scope, receive, send)
        elif isinstance(error, NotFoundException) and self._is_in_api(scope["path"]):
            await self._access.admit(http_context(), NO_OPERATION)

    def _is_in_api(self, path: str) -> bool:
        return f"{normalize_path(path)}/".startswith(self._prefix)
