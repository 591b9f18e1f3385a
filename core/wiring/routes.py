"""The plugin that gives every route its options, and the routes of an application."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from core.engine.http import Header
from core.security.policies import public
from core.web.bodies import ACCEPT_PATCH, WITH_BODY, refuse_content
from core.web.route_options import OPTIONS, RouteOptions, options_of
from core.web.unknown import METHODS, unknown_methods
from core.wiring.direct import DirectRoute, shorten
from core.wiring.inventory import InstalledModules
from core.wiring.options import MissingPolicy, OptionReader

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class RouteRules(ReceiveRoutePlugin):
    """Checks and keeps the options of every route before the application starts."""

    def __init__(self, reader: OptionReader, modules: InstalledModules) -> None:
        self._reader, self._modules = reader, modules

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            raise MissingPolicy(f"{route.path} is no HTTP route: no policy can guard it.")
        for handler, model in {
            id(entry[0]): entry for entry in route.route_handler_map.values()
        }.values():
            if answers_options(handler):
                handler.opt[OPTIONS] = RouteOptions(
                    policy=public,
                    in_api=self._reader.is_in_api(route.path),
                    options=allow_headers(route),
                )
            else:
                self._prepare(handler, model, route.path)
        route.__class__ = DirectRoute
        self._refuse_unknown_methods(route)

    def _prepare(self, handler: HTTPRouteHandler, model: Any, path: str) -> None:
        options = self._reader.options_for(handler, model, path)
        handler.opt[OPTIONS] = options
        shorten(handler, model)
        if takes_no_body(handler, options):
            add_content_check(model)
        if handler.resolve_include_in_schema():
            self._modules.count_route(options.module)

    def _refuse_unknown_methods(self, route: HTTPRoute) -> None:
        """Add a handler that refuses all other methods; such requests count for the rate limits.

        In maintenance mode, the handler is open if one of the route's own handlers is.
        """
        if not (missing := [method for method in METHODS if method not in route.methods]):
            return
        own = [options_of(handler) for handler in own_handlers(route)]
        is_open = any(options.policy.while_closed for options in own)
        handler = unknown_methods(route, missing)
        handler.on_registration(cast("Litestar", handler.ownership_layers[0]))
        handler.opt[OPTIONS] = RouteOptions(
            policy=public.in_maintenance() if is_open else public,
            module=own[0].module,
            in_api=own[0].in_api,
            query=None,
            idempotency=False,
        )
        model = handler.create_kwargs_model(route.path_parameters)
        route.route_handler_map |= {method: (handler, model) for method in handler.http_methods}


def takes_no_body(handler: HTTPRouteHandler, options: RouteOptions) -> bool:
    takes_one = options.unread or options.body or "data" in handler.parsed_fn_signature.parameters
    return not takes_one and bool(WITH_BODY & handler.http_methods)


def add_content_check(model: Any) -> None:
    model.extractors.append(refuse_content)
    model.has_kwargs = True


def answers_options(handler: BaseRouteHandler) -> bool:
    """Return whether Litestar added this handler to the route for OPTIONS."""
    return handler.fn.__module__ == "litestar.routes.http"


def allow_headers(route: HTTPRoute) -> tuple[Header, ...]:
    """Return the header fields for OPTIONS.

    The `Allow` of Litestar has only the methods of a path that were registered first.
    """
    allow = (b"allow", ", ".join(sorted(route.methods)).encode())
    return (allow, ACCEPT_PATCH) if "PATCH" in route.methods else (allow,)


def operations_of(routes: Sequence[BaseRoute]) -> Iterator[tuple[HTTPRoute, HTTPRouteHandler]]:
    """Yield every route with each of its handlers, except those that Litestar added."""
    for route in routes:
        for handler in own_handlers(cast("HTTPRoute", route)):
            yield cast("HTTPRoute", route), handler


def own_handlers(route: HTTPRoute) -> list[HTTPRouteHandler]:
    return [handler for handler in route.route_handlers if not answers_options(handler)]
