"""A shorter path through Litestar, for handlers that need few of its features (ADR 0014)."""

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
    """A route that skips guards, hooks, caches and clean-up if its handler has none of them."""

    __slots__ = ()

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        handler, _ = self.route_handler_map[scope["method"]]
        if (call := handler.opt.get("direct_call")) is None:
            await super().handle(scope, receive, send)
        else:
            response = await call(JsonRequest(scope, receive, send))
            await response(scope, receive, send)


def shorten(handler: HTTPRouteHandler, model: Any) -> None:
    """Prepare a handler once for what Litestar would do at every request.

    `model` is the handler's `KwargsModel`, which lists its parameters and dependencies.
    """
    call_plain_dependencies(model)
    if takes_only_dependencies(handler):
        skip_validation(handler.signature_model)
    if is_direct(handler, model):
        handler.opt["direct_call"] = direct_call(handler, model)
    keep_exception_handlers(handler)


def call_plain_dependencies(model: Any) -> None:
    """Resolve synchronous dependencies without parameters by a plain call.

    Litestar also supports generators and tasks, which costs as much as reading a row from the
    cache.
    """
    dependencies = [it for batch in model.dependency_batches for it in batch]
    calls = [(it.key, it.provide.dependency) for it in dependencies if is_plain_call(it)]

    async def call_each(arguments: dict[str, Any], _: Any) -> None:
        for name, call in calls:
            arguments[name] = call()

    if calls:
        model.extractors.append(call_each)
    model.dependency_batches = [{it} for it in dependencies if not is_plain_call(it)]


def is_plain_call(dependency: Any) -> bool:
    provide = dependency.provide
    waits = not provide.has_sync_callable or provide.has_sync_generator_dependency
    return not (waits or provide.use_cache or provide.signature_model._fields)


def takes_only_dependencies(handler: HTTPRouteHandler) -> bool:
    """Return whether the handler takes dependencies only; the request is also allowed."""
    allowed = {"request", *handler.resolve_dependencies()}
    return handler.parsed_fn_signature.parameters.keys() <= allowed


def skip_validation(model: Any) -> None:
    """Pass the arguments on as they are; Litestar would validate each one at every request."""
    names = [*model._fields]

    def select_arguments(connection: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {name: kwargs[name] for name in names}

    model.parse_values_from_connection_kwargs = select_arguments


def direct_call(handler: Any, model: Any) -> Callable[[JsonRequest], Awaitable[Any]]:
    function, status = handler.fn, handler.status_code
    arguments_of = handler.signature_model.parse_values_from_connection_kwargs

    async def call(request: JsonRequest) -> Any:
        kwargs = await model.to_kwargs(connection=request) if model.has_kwargs else {}
        body = await function(**arguments_of(request, kwargs))
        return answer(body, status, context_of(request.scope), rules_of(request.scope))

    return call


def is_direct(handler: HTTPRouteHandler, model: Any) -> bool:
    """Return whether the handler takes dependencies only, returns a schema, and has no hooks.

    A handler that takes the request may read a form from it, which Litestar closes afterwards.
    """
    return (
        takes_only_dependencies(handler)
        and "request" not in handler.parsed_fn_signature.parameters
        and not (handler.has_sync_callable or model.dependency_batches)
        and returns_schemas(handler)
        and not is_surrounded(handler)
    )


def returns_schemas(handler: HTTPRouteHandler) -> bool:
    kind, headers = handler.parsed_fn_signature.return_type, handler.resolve_response_headers()
    return (
        all(part.is_subclass_of(Schema) for part in (kind.inner_types if kind.is_union else [kind]))
        and handler.resolve_request_class() is JsonRequest
        and handler.resolve_response_class() is BodyResponse
        and all(header.documentation_only for header in headers)
        and not (handler.resolve_response_cookies() or handler.resolve_return_dto())
    )


def is_surrounded(handler: HTTPRouteHandler) -> bool:
    hooks = (handler.resolve_before_request(), handler.resolve_after_response(), handler.cache)
    after = any(layer.after_request for layer in handler.ownership_layers)
    return any(hooks) or after or bool(handler.resolve_guards() or handler.background)


def keep_exception_handlers(handler: Any) -> None:
    """Resolve the exception handlers once; Litestar would resolve them at every request.

    This is possible if the handler has a `__dict__`, as those of `get` and `post` have.
    """
    if hasattr(handler, "__dict__"):
        exception_handlers = handler.resolve_exception_handlers()
        handler.resolve_exception_handlers = lambda: exception_handlers
