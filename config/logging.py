"""How the process writes its log: one JSON object per line, or coloured lines for people."""

import atexit
import logging
from collections.abc import Callable, MutableMapping
from time import gmtime, strftime, time
from typing import Any, Literal

import structlog
from msgspec import json
from structlog.tracebacks import ExceptionDictTransformer

from config.console import UNSAFE, console_renderer
from config.log_writer import LogWriter
from config.redaction import redacted

Event = MutableMapping[str, Any]
Context = Callable[[Event], None]

TALKATIVE = ("aiosqlite", "httpcore", "httpx", "sqlalchemy", "urllib3", "websockets", "alembic")
"""Below `warning` they tell addresses with their query, statements with their values."""
SERVER = ("uvicorn", "uvicorn.error", "uvicorn.asgi")
TOLD_ANYWAY = "Invalid HTTP request received."
"""The request it is about has a line of its own."""


def no_context(event: Event) -> None:
    """Outside of requests there is nothing to add."""


def configure_logging(
    level: str,
    format: Literal["console", "json"],
    context: Context = no_context,
    lines: LogWriter | None = None,
) -> LogWriter:
    """`context` adds to each line what the process knows of the request being answered."""
    lines = lines or LogWriter()
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        processors=[
            adding(context),
            add_traceback,
            redact,
            stamp,
            render_json if format == "json" else console_renderer(lines.coloured),
        ],
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,  # so that configuring anew reaches every logger
    )
    take_over_standard_logging(threshold)
    atexit.register(lines.close)
    return lines


def adding(context: Context) -> structlog.types.Processor:
    def add_context(_: object, __: str, event: Event) -> Event:
        context(event)
        return event

    return add_context


traceback_of = structlog.processors.ExceptionRenderer(
    ExceptionDictTransformer(show_locals=False, use_rich=False)
)


def add_traceback(logger: Any, level: str, event: Event) -> Event:
    return traceback_of(logger, level, event) if "exc_info" in event else event


def redact(_: object, __: str, event: Event) -> Event:
    plain: Event = redacted(event)
    return plain


class Clock:
    """UTC with milliseconds; the part down to the second is formatted once a second."""

    second = 0
    text = ""

    def now(self) -> str:
        at = time()
        if (second := int(at)) != self.second:
            self.second, self.text = second, strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        return f"{self.text}.{int(at % 1 * 1000):03d}Z"


now = Clock().now
encode = json.Encoder().encode


def stamp(_: object, level: str, event: Event) -> Event:
    first = {"time": now(), "level": level, "event": event.get("event", "")}
    return first | {**event, **first}


def render_json(_: object, __: str, event: Event) -> bytes:
    """JSON escapes C0 controls by itself; what else moves a terminal is escaped as well."""
    line = encode(event)
    if line.isascii() and b"\x7f" not in line:
        return line
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line.decode()).encode()


class StandardRecords(logging.Handler):
    """Sends what libraries log the way of our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = max(10, min(50, record.levelno // 10 * 10))
            log = structlog.get_logger()
            name = "server" if record.name in SERVER else record.name
            log.log(level, record.getMessage(), logger=name, exc_info=record.exc_info)
        except Exception:
            self.handleError(record)


def is_news(record: logging.LogRecord) -> bool:
    return record.msg != TOLD_ANYWAY


def take_over_standard_logging(threshold: int) -> None:
    """One handler at the root; the server's own access log would print query strings."""
    logging.root.handlers = [StandardRecords()]
    logging.root.setLevel(threshold)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    for name in SERVER:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.addFilter(is_news)
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate, access.disabled = [], False, True
    logging.captureWarnings(True)
