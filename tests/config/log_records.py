"""A log whose lines a test reads."""

import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog

from config.log_writer import LogWriter
from config.logging import configure_logging

Format = Literal["json", "console"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Log:
    """The log records since `start`, which configures logging to write here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        self.lines = LogWriter(self.fd, every_s=60)

    def start(self, level: str = "info", format: Format = "json", **context: str) -> None:
        configure_logging(level, format, lambda event: event.update(context), self.lines)

    @property
    def text(self) -> str:
        self.lines.flush()
        return self.path.read_text()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.split("\n") if line]

    @property
    def last(self) -> dict[str, Any]:
        return self.records[-1]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Yield a log, and restore the logging of the process afterwards."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    log = Log(tmp_path / "log")
    yield log
    log.lines.close()
    os.close(log.fd)
    logging.captureWarnings(False)
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def say(event: str = "said", /, **fields: Any) -> None:
    structlog.get_logger().info(event, **fields)
