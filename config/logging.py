"""The configuration of the log: one JSON object per line, or coloured lines for a terminal."""

import atexit
import logging
from collections.abc import Callable
from time import gmtime, strftime, time
from typing import Literal, cast

import structlog
from msgspec import json
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import EventDict

from config.console import UNSAFE, console_renderer
from config.log_writer import LogWriter
from config.redaction import redacted

Context = Callable[[EventDict], None]

VERBOSE = ("aiosqlite", "httpcore", "httpx", "sqlalchemy", "urllib3", "websockets", "alembic")
"""Loggers that below `warning` write URLs with queries, or statements with values."""
SERVER = ("uvicorn", "uvicorn.error", "uvicorn.asgi")
REDUNDANT = "Invalid HTTP request received."
"""A message of uvicorn that is dropped, because the request has its own line."""


def no_context(event: EventDict) -> None:
    """Add nothing, for processes without requests."""


def configure_logging(
    level: str,
    format: Literal["console", "json"],
    context: Context = no_context,
    lines: LogWriter | None = None,
) -> LogWriter:
    """Configure structlog and standard logging. `context` adds fields of the current request."""
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
        cache_logger_on_first_use=False,  # so that a new configuration reaches every logger
    )
    take_over_standard_logging(threshold)
    atexit.register(lines.close)
    return lines


def adding(context: Context) -> structlog.types.Processor:
    def add_context(_: object, __: str, event: EventDict) -> EventDict:
        context(event)
        return event

    return add_context


traceback_of = structlog.processors.ExceptionRenderer(
    ExceptionDictTransformer(show_locals=False, use_rich=False)
)


def add_traceback(logger: object, level: str, event: EventDict) -> EventDict:
    return traceback_of(logger, level, event) if "exc_info" in event else event


def redact(_: object, __: str, event: EventDict) -> EventDict:
    return cast("EventDict", redacted(event))


class Clock:
    """The UTC time with milliseconds; its part without them is formatted once a second."""

    second = 0
    text = ""

    def now(self) -> str:
        at = time()
        if (second := int(at)) != self.second:
            self.second, self.text = second, strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        return f"{self.text}.{int(at % 1 * 1000):03d}Z"


now = Clock().now
encode = json.Encoder().encode


def stamp(_: object, level: str, event: EventDict) -> EventDict:
    first = {"time": now(), "level": level, "event": event.get("event", "")}
    return first | {**event, **first}


def render_json(_: object, __: str, event: EventDict) -> bytes:
    """Return JSON. It escapes C0 controls itself; other controls of a terminal are escaped too."""
    line = encode(event)
    if line.isascii() and b"\x7f" not in line:
        return line
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", line.decode()).encode()


class StandardRecords(logging.Handler):
    """A handler that sends the records of libraries to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = max(10, min(50, record.levelno // 10 * 10))
            log = structlog.get_logger()
            name = "server" if record.name in SERVER else record.name
            log.log(level, record.getMessage(), logger=name, exc_info=record.exc_info)
        except Exception:
            self.handleError(record)


def is_not_redundant(record: logging.LogRecord) -> bool:
    return record.msg != REDUNDANT


def take_over_standard_logging(threshold: int) -> None:
    """Set one handler at the root, and disable uvicorn's access log, which has query strings."""
    logging.root.handlers = [StandardRecords()]
    logging.root.setLevel(threshold)
    for name in VERBOSE:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    for name in SERVER:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.addFilter(is_not_redundant)
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate, access.disabled = [], False, True
    logging.captureWarnings(True)
