"""Works out the rules of every route, and lets none start that lacks a policy."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from config.settings import Settings
from core.kernel.contributions import Contributions, WiringError
from core.kernel.principal import Permission
from core.kernel.schemas import Schema
from core.security.policies import Policy, public
from core.web.bodies import ACCEPT_PATCH, WITH_BODY, refuse_content
from core.web.context import Header
from core.web.parameters import names_of
from core.web.responses import BodyResponse, answering
from core.web.rules import Rules
from core.web.unknown import unknown_methods
from core.wiring.inventory import InstalledModules

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class MissingPolicy(WiringError):
    """A route says nothing about who may call it, or asks for what nobody can have."""


class RouteRules(ReceiveRoutePlugin):
    """Knows every route before the application starts, and what its decorator says of it."""

    def __init__(
        self, settings: Settings, contributions: Contributions, modules: InstalledModules
    ) -> None:
        self._prefix, self._public_url = settings.api_prefix, settings.public_url
        self._contributions, self._modules = contributions, modules

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            raise MissingPolicy(f"{route.path} is no HTTP route: no policy can guard it.")
        for handler, model in {
            id(each[0]): each for each in route.route_handler_map.values()
        }.values():
            if answers_options(handler):
                handler.opt["rules"] = Rules(public, options=options_of(route))
            else:
                self._prepare(handler, model, route.path)
        self._refuse_unknown_methods(route)

    def _prepare(self, handler: HTTPRouteHandler, model: Any, path: str) -> None:
        rules = handler.opt["rules"] = self._rules(handler, model, path)
        resolve_plainly(model)
        if asks_for_ours_alone(handler):
            take_as_given(handler.signature_model)
        if takes_no_body(handler):
            look_at_content(model)
        if returns_ours_alone(handler):
            answer_at_once(handler)
        keep_exception_handlers(handler)
        if handler.resolve_include_in_schema():
            self._modules.count_route(rules.module)

    def _rules(self, handler: HTTPRouteHandler, model: Any, path: str) -> Rules:
        opt = handler.opt
        listing = opt.get("listing")
        own = frozenset(each.field_alias for each in model.expected_query_params)
        known = own | (names_of(listing) if listing else frozenset())
        return Rules(
            policy=self._policy(handler, path),
            module=opt.get("module", "core"),
            in_api=f"{path}/".startswith(f"{self._prefix}/"),
            limit=opt.get("limit"),
            listing=listing,
            query=None if opt.get("unread") else known,
            audit=opt.get("audit"),
            idempotency=opt.get("idempotency", True),
            location=opt.get("location"),
            prefix=self._prefix,
            public_url=self._public_url,
        )

    def _refuse_unknown_methods(self, route: HTTPRoute) -> None:
        """Counted like the known ones; while the service is closed, open where one of them is."""
        known: list[Rules] = [each.opt["rules"] for each in own_handlers(route)]
        is_open = any(each.policy.while_closed for each in known)
        handler = unknown_methods(route)
        handler.on_registration(cast("Litestar", handler.ownership_layers[0]))
        handler.opt["rules"] = Rules(
            policy=public.in_maintenance() if is_open else public,
            module=known[0].module,
            in_api=known[0].in_api,
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


def resolve_plainly(model: Any) -> None:
    """What our handlers ask for is a call that waits for nothing.

    Litestar would be ready for generators and tasks, at the cost of reading a row from the cache.
    """
    every = [each for batch in model.dependency_batches for each in batch]
    calls = [(each.key, each.provide.dependency) for each in every if is_plain_call(each)]

    async def call_each(arguments: dict[str, Any], _: Any) -> None:
        for name, call in calls:
            arguments[name] = call()

    if calls:
        model.extractors.append(call_each)
    model.dependency_batches = [{each} for each in every if not is_plain_call(each)]


def asks_for_ours_alone(handler: HTTPRouteHandler) -> bool:
    ours = {"request", *handler.resolve_dependencies()}
    return handler.parsed_fn_signature.parameters.keys() <= ours


def take_as_given(model: Any) -> None:
    """Litestar would compare each argument with its type, at every request."""
    names = [*model._fields]

    def taken(connection: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {name: kwargs[name] for name in names}

    model.parse_values_from_connection_kwargs = taken


def returns_ours_alone(handler: HTTPRouteHandler) -> bool:
    """A schema, to which Litestar has nothing to add."""
    layers, headers = handler.ownership_layers, handler.resolve_response_headers()
    added = handler.background or handler.resolve_response_cookies() or handler.resolve_return_dto()
    return (
        handler.parsed_fn_signature.return_type.is_subclass_of(Schema)
        and handler.resolve_response_class() is BodyResponse
        and all(each.documentation_only for each in headers)
        and not (added or any(layer.after_request for layer in layers))
    )


def answer_at_once(handler: Any) -> None:
    """Litestar would make a response of every body first, and look for what ours never are."""
    handler.get_response_handler()
    handler._response_handler_mapping["default_handler"] = answering(handler.status_code)


def takes_no_body(handler: HTTPRouteHandler) -> bool:
    says_so = "data" in handler.parsed_fn_signature.parameters or "body" in handler.opt
    return not says_so and not handler.opt.get("unread") and bool(WITH_BODY & handler.http_methods)


def look_at_content(model: Any) -> None:
    model.extractors.append(refuse_content)
    model.has_kwargs = True


def keep_exception_handlers(handler: Any) -> None:
    """Litestar would gather them at every request; it lets `get`, `post` and the like be told."""
    if hasattr(handler, "__dict__"):
        found = handler.resolve_exception_handlers()
        handler.resolve_exception_handlers = lambda: found


def is_plain_call(dependency: Any) -> bool:
    provide = dependency.provide
    waits = not provide.has_sync_callable or provide.has_sync_generator_dependency
    return not (waits or provide.use_cache or provide.signature_model._fields)


def answers_options(handler: BaseRouteHandler) -> bool:
    """Litestar's own answer to OPTIONS, which it adds to every route; anyone may have ours."""
    return handler.fn.__module__ == "litestar.routes.http"


def options_of(route: HTTPRoute) -> tuple[Header, ...]:
    """Litestar's names only those methods of an address that were registered first."""
    allow = (b"allow", ", ".join(sorted(route.methods)).encode())
    return (allow, ACCEPT_PATCH) if "PATCH" in route.methods else (allow,)


def operations_of(routes: Sequence[BaseRoute]) -> Iterator[tuple[HTTPRoute, HTTPRouteHandler]]:
    """Every route with each of its own handlers."""
    for route in routes:
        for handler in own_handlers(cast("HTTPRoute", route)):
            yield cast("HTTPRoute", route), handler


def own_handlers(route: HTTPRoute) -> list[HTTPRouteHandler]:
    return [each for each in route.route_handlers if not answers_options(each)]
