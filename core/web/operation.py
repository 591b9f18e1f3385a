"""The operation that the router has found: each step until its handler responds."""

from typing import NamedTuple

from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPScope, Receive, Send

from core.engine.http.direct_call import Call, direct_call
from core.web.access import AccessControl
from core.web.bodies import JsonRequest, refuse_content
from core.web.context import http_context
from core.web.http_errors import MethodNotAllowed
from core.web.idempotency.middleware import Idempotency
from core.web.parameters import check_parameters
from core.web.problems import Problems
from core.web.requests import HttpApp
from core.web.responses import BodyResponse, FinishedResponse, response_of
from core.web.route_options import OPTIONS, RouteOptions

DIRECT = "direct"
"""The key in the `opt` of a handler that is called without Litestar."""


class OperationMiddleware:
    """Admits the request and checks its parameters; then the handler responds.

    A POST with an `Idempotency-Key` that was sent before gets the stored response instead.
    """

    def __init__(
        self, app: HttpApp, access: AccessControl, idempotency: Idempotency, problems: Problems
    ) -> None:
        self._app, self._access = app, access
        self._idempotency, self._problems = idempotency, problems

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        context, options = http_context(), scope["route_handler"].opt[OPTIONS]
        context.options, context.template = options, scope["path_template"]
        if options.allow_headers:
            await self._respond_to_options(options, scope, receive, send)
            return
        await self._access.admit(context, options)
        if scope["query_string"] or scope["path_params"]:
            check_parameters(scope, options)
        if b"idempotency-key" in context.headers and options.is_idempotent(scope["method"]):
            await self._idempotency.once(self._respond, scope, receive, send)
        else:
            await self._respond(scope, receive, send)

    async def _respond_to_options(
        self, options: RouteOptions, scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        """Respond to OPTIONS. Raises MethodNotAllowed for a method that the path does not have."""
        context = http_context()
        if context.allow:
            await self._access.admit(context, options)
            raise MethodNotAllowed(context.allow)
        await self._access.count(context, options)
        await FinishedResponse(204, [*options.allow_headers], b"")(scope, receive, send)

    async def _respond(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Call the handler, directly where that is possible; an exception becomes a problem."""
        request, response = JsonRequest(scope, receive, send), self._app
        opt = scope["route_handler"].opt
        direct: Direct | None = opt[DIRECT]
        try:
            if opt[OPTIONS].bodyless:
                await refuse_content(request)
            if direct:
                body, handler = await direct.call(request), direct.handler
                finished = response_of(body, handler.status_code) if direct.is_plain else None
                response = finished or await handler.to_response(request.app, body, request)
        except Exception as error:
            response = self._problems.response(error)
        await response(scope, receive, send)
        if request.has_form:
            await (await request.form()).close()


class Direct(NamedTuple):
    """The way to call a handler without Litestar."""

    handler: HTTPRouteHandler
    call: Call
    is_plain: bool
    """Litestar adds nothing to the response that the handler returns."""


def direct_of(handler: HTTPRouteHandler, model: object) -> Direct | None:
    """Return the way to call the handler; None if Litestar must."""
    call = direct_call(handler, model)
    return Direct(handler, call, not is_decorated(handler)) if call else None


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
