"""The outermost layer: each response gets a request id, security headers and a log line."""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from core.engine.http import ClientIp, Header, Lifecycle, RequestValidator
from core.kernel.context import enter_context
from core.kernel.errors import Unavailable
from core.web.context import HttpContext
from core.web.problems import Problems
from core.web.security_headers import SecurityHeaders

log = structlog.get_logger(__name__)
Observer = Callable[[HttpContext], None]
AuditRefusal = Callable[[HttpContext], Awaitable[None]]

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ShuttingDown(Unavailable):
    """This process is about to stop. Another process may accept requests already."""

    code = "http.shutting_down"
    title = "This instance is shutting down; try again."


class RequestMiddleware:
    def __init__(
        self,
        app: Any,
        admission: RequestValidator,
        client_ip: ClientIp,
        problems: Problems,
        security_headers: SecurityHeaders,
        lifecycle: Lifecycle,
        audit_refusal: AuditRefusal,
        observers: Sequence[Observer],
    ) -> None:
        self._app, self._admission, self._client_ip = app, admission, client_ip
        self._problems, self._missing = problems, security_headers.missing
        self._lifecycle, self._audit_refusal = lifecycle, audit_refusal
        self._observers = tuple(observers)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":  # a WebSocket would need an access policy
            await send({"type": "websocket.close", "code": 1008})
            return
        context = HttpContext(scope)
        enter_context(context)
        sender = ResponseHeaders(context, send, self._missing, self._audit_refusal)
        self._lifecycle.in_flight += 1
        try:
            headers = self._admission.read(scope)
            context.read(headers, self._client_ip.of(scope, headers))
            if context.method == "HEAD":  # as GET, without the body (RFC 9110, section 9.3.2)
                context.scope = scope = {**scope, "method": "GET"}
            await self._app(scope, receive, sender)
        except Exception as error:
            await self._answer_anyway(error, context, receive, sender)
        except CancelledError:  # the server stops, and its grace period is over
            if not context.status:
                await self._problems.response(ShuttingDown())(scope, receive, sender)
            raise
        finally:
            self._lifecycle.in_flight -= 1
            context.address = context.address or self._client_ip.of(scope, {})
            for observe in self._observers:
                observe(context)
            context.leave()

    async def _answer_anyway(
        self, error: Exception, context: HttpContext, receive: Any, sender: "ResponseHeaders"
    ) -> None:
        if context.status:
            log.error("answer_broke_off", exc_info=error)
            raise error
        await self._problems.response(error)(context.scope, receive, sender)


class ResponseHeaders:
    """A `send` that adds header fields to a response, and drops its body if the method is HEAD."""

    __slots__ = ("_audit_refusal", "_context", "_missing", "_send")

    def __init__(
        self, context: HttpContext, send: Any, missing: Any, audit_refusal: AuditRefusal
    ) -> None:
        self._context, self._send, self._missing = context, send, missing
        self._audit_refusal = audit_refusal

    async def __call__(self, message: Any) -> None:
        context = self._context
        if message["type"] == "http.response.start":
            context.status = message["status"]
            if context.status >= 400 and context.method in WRITES:
                await self._audit_refusal(context)
            sent = message.get("headers", ())
            if context.status in (204, 405):
                sent = with_head_allowed(sent)
            message["headers"] = [
                *sent,
                *self._missing(sent),
                *(
                    context.reply_headers
                    if context.status != 429
                    else missing_headers(context, sent)
                ),
                (b"x-request-id", context.request_id.encode()),
            ]
        elif context.method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)


def missing_headers(context: HttpContext, sent: Any) -> list[Header]:
    """Return the reply headers that are not sent yet: a 429 itself names the limit it exceeded."""
    names = {name for name, _ in sent}
    return [field for field in context.reply_headers if field[0] not in names]


def with_head_allowed(headers: Any) -> list[tuple[bytes, bytes]]:
    return [
        (name, with_head(value)) if name.lower() == b"allow" else (name, value)
        for name, value in headers
    ]


def with_head(value: bytes) -> bytes:
    methods = {method.strip() for method in value.split(b",")}
    return b", ".join(sorted(methods | ({b"HEAD"} if b"GET" in methods else set())))
