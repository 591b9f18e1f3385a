"""The access log, with one line for each request: principal, route, status and duration."""

from collections.abc import Callable

from structlog.types import EventDict

from config.access_line import AccessLine
from config.logging import now
from core.kernel.context import current_context
from core.web.context import HttpContext


class AccessLog:
    def __init__(self, write: Callable[[AccessLine], None]) -> None:
        self._write = write

    def __call__(self, context: HttpContext) -> None:
        principal = context.principal
        self._write(
            AccessLine(
                now(),
                "info",
                "request",
                context.request_id,
                context.method if context.method.isalpha() else "?",
                context.template,
                context.status,
                int(context.elapsed_s * 100_000) / 100,
                context.client_ip,
                principal.text if principal else None,
                context.traceparent,
            )
        )


def about_request(event: EventDict) -> None:
    """Add the ids of the current request to a log event."""
    context = current_context()
    if context.request_id:
        event["request_id"] = context.request_id
    if context.traceparent:
        event["traceparent"] = context.traceparent
