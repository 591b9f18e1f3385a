"""Routes for unknown paths and methods, so that rate limits and maintenance apply to them too."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller, Router
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.routes import HTTPRoute
from litestar.types import Method

from core.security.policies import public
from core.web.problems import MethodNotAllowed, NothingHere
from core.web.route_decorators import route

METHODS: tuple[Method, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")
NO_MODULE = "-"
"""A path segment that no module can have as its name."""


class UnknownController(Controller):
    @route(
        "/{path:path}",
        http_method=[*METHODS, "OPTIONS"],
        policy=public,
        unread=True,
        include_in_schema=False,
    )
    async def find_nothing(self, path: FromPath[str]) -> None:
        raise NothingHere


def unknown_addresses(prefix: str) -> Router:
    return Router(prefix, route_handlers=[UnknownController])


def find_all_below(router: Any, prefix: str) -> None:
    """Make the catch-all route match every unknown path under the prefix.

    Litestar does not try the catch-all route for a path below that of another route.
    """
    handle_routing = router.handle_routing

    def find(path: str, method: str) -> Any:
        try:
            return handle_routing(path=path, method=method)
        except NotFoundException:
            if not f"{path}/".startswith(f"{prefix}/"):
                raise
        app, handler, _, parameters, template = handle_routing(
            path=f"{prefix}/{NO_MODULE}", method=method
        )
        return app, handler, path, parameters, template

    router.handle_routing = find


def unknown_methods(known: HTTPRoute, missing: Sequence[Method]) -> HTTPRouteHandler:
    """Return a handler that refuses the missing methods of a known path.

    Litestar itself would respond with 405 before the access middleware runs.
    """
    allow = ", ".join(sorted(known.methods))

    async def refuse_method() -> None:
        raise MethodNotAllowed(allow)

    handler = HTTPRouteHandler(known.path, http_method=missing)(refuse_method)
    handler.owner = known.route_handlers[0].owner
    return handler
