"""The options of every route, checked at the start; a route without a policy is an error."""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from config.settings import Settings
from core.engine.http import Header
from core.kernel.contributions import Contributions, WiringError
from core.kernel.principal import Permission
from core.security.policies import Policy, public
from core.web.bodies import ACCEPT_PATCH, WITH_BODY, refuse_content
from core.web.parameters import names_of
from core.web.route_options import AnyListing, RouteOptions
from core.web.unknown import METHODS, unknown_methods
from core.wiring.direct import DirectRoute, shorten
from core.wiring.inventory import InstalledModules

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


OPTIONS = frozenset(
    (
        *("audit", "body", "idempotency", "limit", "listing", "location", "module", "policy"),
        *("produces", "request_headers", "streamed", "unread"),
    )
)
"""The keywords of a route's decorator that Litestar does not know and keeps in `opt`."""
WORKED_OUT = frozenset({"rules", "direct_call"})
"""The keys that this plugin adds to `opt`, once for each path of a handler."""


class UnknownOption(WiringError):
    """A route has an option, or names a rate limit, that does not exist."""


class MissingPolicy(WiringError):
    """A route has no access policy, or needs a permission that no module contributes."""


class RouteRules(ReceiveRoutePlugin):
    """Checks and keeps the options of every route before the application starts."""

    def __init__(
        self,
        settings: Settings,
        contributions: Contributions,
        modules: InstalledModules,
        limits: Collection[str],
    ) -> None:
        """Allow the rate limits with these names in the option `limit` of a route."""
        self._prefix, self._public_url = settings.api_prefix, settings.public_url
        self._limits = limits
        self._contributions, self._modules = contributions, modules

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            raise MissingPolicy(f"{route.path} is no HTTP route: no policy can guard it.")
        for handler, model in {
            id(entry[0]): entry for entry in route.route_handler_map.values()
        }.values():
            if answers_options(handler):
                handler.opt["rules"] = RouteOptions(
                    public, in_api=self._is_in_api(route.path), options=options_of(route)
                )
            else:
                self._prepare(handler, model, route.path)
        route.__class__ = DirectRoute
        self._refuse_unknown_methods(route)

    def _prepare(self, handler: HTTPRouteHandler, model: Any, path: str) -> None:
        rules = handler.opt["rules"] = self._rules(handler, model, path)
        shorten(handler, model)
        if takes_no_body(handler):
            add_content_check(model)
        if handler.resolve_include_in_schema():
            self._modules.count_route(rules.module)

    def _rules(self, handler: HTTPRouteHandler, model: Any, path: str) -> RouteOptions:
        opt = handler.opt
        self._refuse_unknown(handler, path)
        listing = checked_listing(opt.get("listing"), handler, path)
        own = frozenset(parameter.field_alias for parameter in model.expected_query_params)
        accepted = own | (names_of(listing) if listing else frozenset())
        return RouteOptions(
            policy=self._policy(handler, path),
            module=opt.get("module", "core"),
            in_api=self._is_in_api(path),
            limit=opt.get("limit"),
            listing=listing,
            query=accepted if self._is_in_api(path) and not opt.get("unread") else None,
            flags=frozenset(flags_of(handler, model)),
            audit=opt.get("audit"),
            idempotency=opt.get("idempotency", True),
            streamed=opt.get("streamed", False),
            location=opt.get("location"),
            prefix=self._prefix,
            public_url=self._public_url,
        )

    def _refuse_unknown(self, handler: HTTPRouteHandler, path: str) -> None:
        """Raise UnknownOption for an option or a rate limit that does not exist."""
        for option in handler.opt:
            if option not in OPTIONS | WORKED_OUT:
                raise UnknownOption(f"{handler} at {path} {not_found('option', option, OPTIONS)}")
        limit = handler.opt.get("limit")
        if limit is not None and limit not in self._limits:
            raise UnknownOption(f"{handler} at {path} {not_found('limit', limit, self._limits)}")

    def _is_in_api(self, path: str) -> bool:
        return f"{path}/".startswith(f"{self._prefix}/")

    def _refuse_unknown_methods(self, route: HTTPRoute) -> None:
        """Add a handler that refuses all other methods; such requests count for the rate limits.

        In maintenance mode, the handler is open if one of the route's own handlers is.
        """
        if not (missing := [method for method in METHODS if method not in route.methods]):
            return
        own: list[RouteOptions] = [handler.opt["rules"] for handler in own_handlers(route)]
        is_open = any(rules.policy.while_closed for rules in own)
        handler = unknown_methods(route, missing)
        handler.on_registration(cast("Litestar", handler.ownership_layers[0]))
        handler.opt["rules"] = RouteOptions(
            policy=public.in_maintenance() if is_open else public,
            module=own[0].module,
            in_api=own[0].in_api,
            query=None,
            idempotency=False,
        )
        model = handler.create_kwargs_model(route.path_parameters)
        route.route_handler_map |= {method: (handler, model) for method in handler.http_methods}

    def _policy(self, handler: BaseRouteHandler, path: str) -> Policy:
        policy = handler.opt.get("policy")
        if not isinstance(policy, Policy):
            raise MissingPolicy(f"{handler} at {path} has no policy, e.g. policy=authenticated.")
        for needed in filter(None, (policy.needs, policy.scope)):
            if needed not in self._contributions.of(Permission):
                raise MissingPolicy(
                    f"{handler} at {path} needs {needed.name}, which no module contributes."
                )
        return policy


def flags_of(handler: BaseRouteHandler, model: Any) -> Iterator[str]:
    """Yield the names of the query parameters that the handler declares as booleans."""
    fields = handler.parsed_fn_signature.parameters
    for parameter in model.expected_query_params:
        field = fields.get(parameter.field_name)
        if field and bool in (field.annotation, *(inner.annotation for inner in field.inner_types)):
            yield parameter.field_alias


def not_found(what: str, name: str, known: Collection[str]) -> str:
    [nearest] = get_close_matches(name, sorted(known), n=1, cutoff=0)
    return f"has the {what} {name!r}, which does not exist; the nearest is {nearest!r}."


def checked_listing(
    listing: AnyListing | None, handler: BaseRouteHandler, path: str
) -> AnyListing | None:
    """Return the list definition. Raises WiringError if its default order has an unknown key."""
    if listing is None:
        return None
    for key in listing.default.split(","):
        if key.removeprefix("-") not in listing.keys:
            keys = ", ".join(listing.keys)
            raise WiringError(
                f"{handler} at {path} sorts its list by {key!r}, which is none of its keys: {keys}."
            )
    return listing


def takes_no_body(handler: HTTPRouteHandler) -> bool:
    says_so = "data" in handler.parsed_fn_signature.parameters or "body" in handler.opt
    return not says_so and not handler.opt.get("unread") and bool(WITH_BODY & handler.http_methods)


def add_content_check(model: Any) -> None:
    model.extractors.append(refuse_content)
    model.has_kwargs = True


def answers_options(handler: BaseRouteHandler) -> bool:
    """Return whether Litestar added this handler to the route for OPTIONS."""
    return handler.fn.__module__ == "litestar.routes.http"


def options_of(route: HTTPRoute) -> tuple[Header, ...]:
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
