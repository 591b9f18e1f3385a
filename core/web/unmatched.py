"""Requests for a path or method that no operation has."""

from typing import Any

from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.utils import normalize_path

from core.security.policies import public
from core.web.access import AccessControl
from core.web.context import http_context
from core.web.route_options import RouteOptions

NO_OPERATION = RouteOptions(policy=public, in_api=True)


class UnmatchedMiddleware:
    """Counts and refuses them; the router of Litestar does so before it calls any middleware."""

    def __init__(self, app: Any, access: AccessControl, api_prefix: str) -> None:
        self._app, self._access, self._prefix = app, access, f"{api_prefix}/"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._match(scope, receive, send)
        except NotFoundException:
            if not is_matched(scope) and self._is_in_api(scope["path"]):
                await self._access.admit(http_context(), NO_OPERATION)
            raise

    async def _match(self, scope: Any, receive: Any, send: Any) -> None:
        """Route a method that the path lacks as OPTIONS, which every path has.

        So the request is counted for its path, and the access layer refuses it with 405.
        """
        try:
            await self._app(scope, receive, send)
        except MethodNotAllowedException as error:
            if is_matched(scope):
                raise
            http_context().allow = sorted_methods(error)
            scope["method"] = "OPTIONS"
            await self._app(scope, receive, send)

    def _is_in_api(self, path: str) -> bool:
        return f"{normalize_path(path)}/".startswith(self._prefix)


def is_matched(scope: Any) -> bool:
    """Return whether the router found an operation, which then raised the exception itself."""
    return "route_handler" in scope


def sorted_methods(error: MethodNotAllowedException) -> str:
    allow = (error.headers or {})["allow"]
    return ", ".join(sorted(allow.split(", ")))
