"""A shorter way from a request to its handler than `HTTPRoute.handle` of Litestar takes.

For each request, Litestar prepares for guards, hooks, caches and generators of dependencies, and
resolves each dependency in a task. A handler that has none of these is called directly. To do
without it, let `direct_call` return None. ADR 0025 has the costs, and the names of Litestar that
this file leans on; `tests/core/wiring/test_direct_call.py` fails if one of them is gone.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, SerializationException
from litestar.handlers import HTTPRouteHandler
from litestar.types import Empty

if TYPE_CHECKING:
    from litestar._kwargs import KwargsModel
    from litestar._kwargs.dependencies import DependencyContainer

AnyRequest = Request[Any, Any, Any]  # Any: its types of users, tokens and states are not used
Provided = list[tuple[str, Callable[[], object]]]
"""The name and the function of each dependency."""
Call = Callable[[AnyRequest], Awaitable[object]]


def direct_call(handler: HTTPRouteHandler, of_litestar: object) -> Call | None:
    """Return a function that calls the handler; None if Litestar has to call it.

    `of_litestar` is the `KwargsModel` of the handler: its parameters and dependencies.
    """
    model = cast("KwargsModel", of_litestar)
    dependencies = [it for batch in model.dependency_batches for it in batch]
    if is_surrounded(handler) or reads_form(handler) or not all(map(is_plain_call, dependencies)):
        return None
    calls = [(it.key, it.provide.dependency) for it in dependencies]
    names = handler.parsed_fn_signature.parameters.keys()
    if names <= {"request", *(name for name, _ in calls)}:
        return call_with_dependencies(handler.fn, calls, takes_request="request" in names)
    return call_with_parameters(handler, model, calls)


def call_with_dependencies(
    function: Callable[..., Awaitable[object]], calls: Provided, takes_request: bool
) -> Call:
    """Pass the dependencies on as they are; Litestar would validate each at every request."""

    async def call(request: AnyRequest) -> object:
        arguments = {name: provide() for name, provide in calls}
        if takes_request:
            arguments["request"] = request
        return await function(**arguments)

    return call


def call_with_parameters(handler: HTTPRouteHandler, model: "KwargsModel", calls: Provided) -> Call:
    """Read path, query, header fields and body as Litestar does, and validate all arguments."""
    function: Callable[..., Awaitable[object]] = handler.fn
    validated = handler.signature_model.parse_values_from_connection_kwargs

    async def call(request: AnyRequest) -> object:
        try:
            arguments = await model.to_kwargs(connection=request)
        except SerializationException as error:
            raise ClientException(str(error)) from error
        if arguments.get("data") is Empty:
            del arguments["data"]
        for name, provide in calls:
            arguments[name] = provide()
        return await function(**validated(connection=request, kwargs=arguments))

    return call


def is_surrounded(handler: HTTPRouteHandler) -> bool:
    """Return whether the handler has anything that `HTTPRoute.handle` or a middleware must do."""
    return bool(
        handler.has_sync_callable
        or handler.cache
        or handler.background
        or handler.resolve_guards()
        or handler.resolve_before_request()
        or handler.resolve_after_response()
        or any(it.middleware or it.exception_handlers for it in handler.ownership_layers[1:])
    )


def reads_form(handler: HTTPRouteHandler) -> bool:
    """Return whether the handler declares a form as `data`, whose files Litestar closes."""
    data = handler.parsed_fn_signature.parameters.get("data")
    media_type = getattr(data and data.kwarg_definition, "media_type", None)
    return media_type not in (None, RequestEncodingType.JSON)


def is_plain_call(dependency: "DependencyContainer") -> bool:
    """Return whether the dependency is a synchronous function without parameters."""
    provide = dependency.provide
    waits = not provide.has_sync_callable or provide.has_sync_generator_dependency
    return not (waits or provide.use_cache or provide.signature_model._fields)
