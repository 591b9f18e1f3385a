"""The outermost layer: each response gets a request id, security headers and a log line."""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import perf_counter

import structlog
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Message, Receive, Scope, Send

from core.engine.http import ClientIp, Lifecycle, RequestValidator
from core.kernel.context import enter_context
from core.kernel.errors import Unavailable
from core.web.context import NO_SCOPE, HttpContext
from core.web.problems import Problems
from core.web.requests import HttpApp
from core.web.security_headers import HEADER_NAMES, SecurityHeaders

log = structlog.get_logger(__name__)
Observer = Callable[[HttpContext], None]
AuditRefusal = Callable[[HttpContext], Awaitable[None]]
CountUnmatched = Callable[[Exception, HTTPScope, Receive, Send], Awaitable[None]]

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ShuttingDown(Unavailable):
    """This process is about to stop. Another process may accept requests already."""

    code = "http.shutting_down"
    title = "This instance is shutting down; try again."


class RequestMiddleware:
    """Calls the next layer: `for_browsers` for a request with an Origin, else `app`."""

    def __init__(
        self,
        app: HttpApp,
        for_browsers: HttpApp,
        admission: RequestValidator,
        client_ip: ClientIp,
        problems: Problems,
        count_unmatched: CountUnmatched,
        security_headers: SecurityHeaders,
        lifecycle: Lifecycle,
        audit_refusal: AuditRefusal,
        observers: Sequence[Observer],
    ) -> None:
        self._app, self._for_browsers = app, for_browsers
        self._admission, self._client_ip = admission, client_ip
        self._problems, self._count_unmatched = problems, count_unmatched
        self._security_headers, self._audit_refusal = security_headers, audit_refusal
        self._lifecycle, self._observers = lifecycle, tuple(observers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:  # a WebSocket would need an access policy
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        context = HttpContext(scope)
        enter_context(context)
        sender = partial(self._send, context, send)
        self._lifecycle.in_flight += 1
        try:
            headers = context.headers = self._admission.read(scope)
            context.client_ip = self._client_ip.of(scope, headers)
            if b"x-request-id" in headers or b"traceparent" in headers:
                context.read_ids()
            if context.method == "HEAD":  # as GET, without the body (RFC 9110, section 9.3.2)
                context.scope = scope = {**scope, "method": "GET"}
            app = self._for_browsers if b"origin" in headers else self._app
            await app(scope, receive, sender)
        except Exception as error:
            await self._respond_anyway(error, context, receive, sender)
        except CancelledError:  # the server stops, and its grace period is over
            if not context.status:
                await self._problems.response(ShuttingDown())(scope, receive, sender)
            raise
        finally:
            self._finish(context, scope)

    async def _respond_anyway(
        self, error: Exception, context: HttpContext, receive: Receive, sender: Send
    ) -> None:
        if context.status:
            log.error("response_broke_off", exc_info=error)
            raise error
        try:
            await self._count_unmatched(error, context.scope, receive, sender)
        except Exception as refusal:
            error = refusal
        await self._problems.response(error)(context.scope, receive, sender)

    def _finish(self, context: HttpContext, scope: HTTPScope) -> None:
        self._lifecycle.in_flight -= 1
        context.client_ip = context.client_ip or self._client_ip.of(scope, {})
        context.elapsed_s = perf_counter() - context.started
        for observe in self._observers:
            observe(context)
        context.scope = NO_SCOPE  # it refers to this context, and a cycle stays until a collection

    async def _send(self, context: HttpContext, send: Send, message: Message) -> None:
        """Add header fields to a response, and drop its body if the method is HEAD."""
        if message["type"] == "http.response.start":
            context.status = status = message["status"]
            if status >= 400 and context.method in WRITES:
                await self._audit_refusal(context)
            sent, more = message.get("headers", ()), context.reply_headers
            names = [name for name, _ in sent]
            if status == 429:  # the response itself has the limit that was exceeded
                more = [field for field in more if field[0] not in names]
            own = HEADER_NAMES.intersection(names)
            request_id = (b"x-request-id", context.request_id.encode())
            message["headers"] = [*sent, *self._security_headers[own], *more, request_id]
        elif context.method == "HEAD" and message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)
