"""The access line of each request, written from a typed record.

The line has the format of all log lines and the same writer. The processors of structlog would take
several times as long.
"""

from collections.abc import Callable

from msgspec import Struct, json

from config.console import console_renderer
from config.log_writer import LogWriter

LEVELS = ("debug", "info")
"""The values of LOG_LEVEL at which the lines are written."""


class AccessLine(Struct, omit_defaults=True, gc=False):
    """`path` is the template of the route, never the path that the client sent."""

    time: str
    level: str
    event: str
    request_id: str
    method: str
    path: str
    status: int
    ms: float
    address: str | None = None
    principal: str | None = None
    traceparent: str | None = None


def access_writer(lines: LogWriter, level: str, format: str) -> Callable[[AccessLine], None]:
    """Return a function that writes records in `format`, or none if `level` is above `info`."""
    if level not in LEVELS:
        return lambda line: None
    encode = json.Encoder().encode if format == "json" else as_text(lines.coloured)

    def write(line: AccessLine) -> None:
        lines.info(encode(line))

    return write


def as_text(coloured: bool) -> Callable[[AccessLine], bytes]:
    """Return an encoder of lines such as `GET /api/v1/users/{id} 200 1.3 ms …`."""
    render = console_renderer(coloured)

    def encode(line: AccessLine) -> bytes:
        event = f"{line.method} {line.path} {line.status} {line.ms} ms"
        rest = {"address": line.address, "principal": line.principal, "request_id": line.request_id}
        named = {name: value for name, value in rest.items() if value}
        return render(None, "", {"time": line.time, "level": line.level, "event": event, **named})

    return encode
