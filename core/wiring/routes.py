"""The plugin that gives every route its options, and the routes of an application."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from core.engine.http import Header
from core.kernel.contributions import WiringError
from core.security.policies import public
from core.web.bodies import ACCEPT_PATCH
from core.web.operation import DIRECT, direct_of
from core.web.route_options import OPTIONS, RouteOptions, allow_of, options_of
from core.wiring.container import CoreContainer
from core.wiring.options import OptionReader

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class RouteRules(ReceiveRoutePlugin):
    """Checks and keeps the options of every route before the application starts."""

    def __init__(self, core: CoreContainer) -> None:
        self._reader = OptionReader(core.settings(), core.contributions())
        self._modules = core.modules()

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            raise WiringError(f"{route.path} is no HTTP route: no policy can guard it.")
        models = {id(entry[0]): entry for entry in route.route_handler_map.values()}
        for handler, model in models.values():
            if not is_options_handler(handler):
                handler.opt[DIRECT] = direct_of(handler, model)
                query = {it.field_alias: it.field_name for it in model.expected_query_params}
                self._prepare(handler, query, route.path)
        for handler, _ in models.values():
            if is_options_handler(handler):
                handler.opt[OPTIONS] = options_of_path(route)

    def _prepare(self, handler: HTTPRouteHandler, query: Mapping[str, str], path: str) -> None:
        options = handler.opt[OPTIONS] = self._reader.options_for(handler, query, path)
        if handler.resolve_include_in_schema():
            self._modules.count_route(options.module)


def options_of_path(route: HTTPRoute) -> RouteOptions:
    """Return the options for OPTIONS, and for the methods that the path does not have.

    In maintenance mode, both are open if an operation of the path is.
    """
    own = [options_of(handler) for handler in own_handlers(route)]
    is_open = any(options.policy.while_closed for options in own)
    return RouteOptions(
        policy=public.in_maintenance() if is_open else public,
        module=own[0].module,
        in_api=own[0].in_api,
        allow_headers=allow_headers(route),
    )


def is_options_handler(handler: BaseRouteHandler) -> bool:
    """Return whether Litestar added this handler to the route for OPTIONS."""
    return handler.fn.__module__ == "litestar.routes.http"


def allow_headers(route: HTTPRoute) -> tuple[Header, ...]:
    """Return the header fields for OPTIONS.

    The `Allow` of Litestar has only the methods of a path that were registered first.
    """
    allow = (b"allow", allow_of(route.methods).encode())
    return (allow, ACCEPT_PATCH) if "PATCH" in route.methods else (allow,)


def operations_of(routes: Sequence[BaseRoute]) -> Iterator[tuple[HTTPRoute, HTTPRouteHandler]]:
    """Yield every route with each of its handlers, except those that Litestar added."""
    for route in routes:
        for handler in own_handlers(cast("HTTPRoute", route)):
            yield cast("HTTPRoute", route), handler


def own_handlers(route: HTTPRoute) -> list[HTTPRouteHandler]:
    return [handler for handler in route.route_handlers if not is_options_handler(handler)]
