"""A shorter way through Litestar, for handlers that need little of it (ADR 0014)."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from core.kernel.schemas import Schema
from core.web.bodies import JsonRequest
from core.web.context import context_of
from core.web.responses import BodyResponse, answer
from core.web.route_options import rules_of


class DirectRoute(HTTPRoute):
    """Litestar looks for guards, hooks, caches and clean-ups, which most of our handlers lack."""

    __slots__ = ()

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        handler, _ = self.route_handler_map[scope["method"]]
        if (call := handler.opt.get("direct_call")) is None:
            await super().handle(scope, receive, send)
        else:
            response = await call(JsonRequest(scope, receive, send))
            await response(scope, receive, send)


def shorten(handler: HTTPRouteHandler, model: Any) -> None:
    """Decide once what Litestar would find out at every request; `model` says what is asked for."""
    resolve_plainly(model)
    if asks_for_ours_alone(handler):
        take_as_given(handler.signature_model)
    if is_direct(handler, model):
        handler.opt["direct_call"] = direct_call(handler, model)
    keep_exception_handlers(handler)


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


def is_plain_call(dependency: Any) -> bool:
    provide = dependency.provide
    waits = not provide.has_sync_callable or provide.has_sync_generator_dependency
    return not (waits or provide.use_cache or provide.signature_model._fields)


def asks_for_ours_alone(handler: HTTPRouteHandler) -> bool:
    ours = {"request", *handler.resolve_dependencies()}
    return handler.parsed_fn_signature.parameters.keys() <= ours


def take_as_given(model: Any) -> None:
    """Litestar would compare each argument with its type, at every request."""
    names = [*model._fields]

    def taken(connection: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {name: kwargs[name] for name in names}

    model.parse_values_from_connection_kwargs = taken


def direct_call(handler: Any, model: Any) -> Callable[[JsonRequest], Awaitable[Any]]:
    function, status = handler.fn, handler.status_code
    arguments_of = handler.signature_model.parse_values_from_connection_kwargs

    async def call(request: JsonRequest) -> Any:
        found = await model.to_kwargs(connection=request) if model.has_kwargs else {}
        body = await function(**arguments_of(request, found))
        return answer(body, status, context_of(request.scope), rules_of(request.scope))

    return call


def is_direct(handler: HTTPRouteHandler, model: Any) -> bool:
    """It asks for ours, returns a schema, and there is nothing that Litestar would add.

    Whoever takes the request itself may read a form from it, which Litestar closes afterwards.
    """
    return (
        asks_for_ours_alone(handler)
        and "request" not in handler.parsed_fn_signature.parameters
        and not (handler.has_sync_callable or model.dependency_batches)
        and returns_schemas(handler)
        and not is_surrounded(handler)
    )


def returns_schemas(handler: HTTPRouteHandler) -> bool:
    kind, headers = handler.parsed_fn_signature.return_type, handler.resolve_response_headers()
    return (
        all(each.is_subclass_of(Schema) for each in (kind.inner_types if kind.is_union else [kind]))
        and handler.resolve_request_class() is JsonRequest
        and handler.resolve_response_class() is BodyResponse
        and all(each.documentation_only for each in headers)
        and not (handler.resolve_response_cookies() or handler.resolve_return_dto())
    )


def is_surrounded(handler: HTTPRouteHandler) -> bool:
    hooks = (handler.resolve_before_request(), handler.resolve_after_response(), handler.cache)
    after = any(layer.after_request for layer in handler.ownership_layers)
    return any(hooks) or after or bool(handler.resolve_guards() or handler.background)


def keep_exception_handlers(handler: Any) -> None:
    """Litestar would gather them at every request; it lets `get`, `post` and the like be told."""
    if hasattr(handler, "__dict__"):
        found = handler.resolve_exception_handlers()
        handler.resolve_exception_handlers = lambda: found
