"""One line for each request: who asked for what, what came of it, how long it took."""

from collections.abc import Callable

from config.access_line import AccessLine
from config.logging import Event, now
from core.kernel.context import current_context
from core.web.context import HttpContext


class AccessLog:
    def __init__(self, write: Callable[[AccessLine], None]) -> None:
        self._write = write

    def __call__(self, context: HttpContext) -> None:
        who = context.principal
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
                context.address,
                who.text if who else None,
                context.traceparent,
            )
        )


def about_request(event: Event) -> None:
    """What every other line says of the request during which it is written."""
    context = current_context()
    if context.request_id:
        event["request_id"] = context.request_id
    if context.traceparent:
        event["traceparent"] = context.traceparent
