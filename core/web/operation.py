"""The innermost layer: it calls the handler of the operation, and renders what it returns."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.handlers import HTTPRouteHandler

from core.engine.http.direct_call import direct_call
from core.web.bodies import JsonRequest, refuse_content
from core.web.context import current_options
from core.web.problems import Problems
from core.web.responses import BodyResponse, answer, is_ours

DIRECT = "direct"
"""The key in the `opt` of a handler that is called without Litestar."""

Respond = Callable[[JsonRequest], Awaitable[Any]]


class OperationMiddleware:
    """Calls the handler, directly where that is possible; an exception becomes a problem."""

    def __init__(self, app: Any, problems: Problems) -> None:
        self._app, self._problems = app, problems

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = JsonRequest(scope, receive, send)
        respond: Respond | None = scope["route_handler"].opt.get(DIRECT)
        try:
            if current_options().bodyless:
                await refuse_content(request)
            response = await respond(request) if respond else self._app
        except Exception as error:
            response = self._problems.response(error)
        await response(scope, receive, send)
        if request.has_form:
            await (await request.form()).close()


def direct_response(handler: HTTPRouteHandler, model: Any) -> Respond | None:
    """Return a function that calls the handler and makes the response; None if Litestar must."""
    if (call := direct_call(handler, model)) is None:
        return None
    status, by_litestar = handler.status_code, is_decorated(handler)

    async def respond(request: JsonRequest) -> Any:
        body = await call(request)
        if by_litestar or not is_ours(body):
            return await handler.to_response(app=request.app, data=body, request=request)
        return answer(body, status)

    return respond


def is_decorated(handler: HTTPRouteHandler) -> bool:
    """Return whether Litestar adds something to the response that the handler returns."""
    fields = (it for it in handler.resolve_response_headers() if not it.documentation_only)
    return bool(
        any(fields)
        or handler.resolve_response_cookies()
        or handler.resolve_return_dto()
        or handler.resolve_response_class() is not BodyResponse
        or any(layer.after_request for layer in handler.ownership_layers)
    )
