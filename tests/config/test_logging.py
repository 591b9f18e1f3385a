"""Each line, of the project and of libraries, is one record without secrets and control codes."""

import logging
import os
import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
import structlog
from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError

from config.access_line import AccessLine, access_writer
from config.log_writer import LogWriter
from config.logging import configure_logging, now
from tests.config.log_records import TIME, Format, Log, log, say

__all__ = ["log"]


class TestRecords:
    def test_a_record_is_one_object_per_line_in_utc(self, log: Log) -> None:
        log.start(request_id="r-1", traceparent="00-1")
        before = datetime.now(UTC).replace(microsecond=0)
        say("note_written", note_id=UUID(int=1), size=3)
        first, ours, last = (["time", "level", "event"], ["note_id", "size"], ["request_id"])
        assert list(log.last) == [*first, *ours, *last, "traceparent"]
        assert TIME.fullmatch(log.last["time"])
        assert before <= datetime.fromisoformat(log.last["time"]) <= datetime.now(UTC)
        assert (log.last["level"], log.last["event"]) == ("info", "note_written")
        assert log.last["note_id"] == "00000000-0000-0000-0000-000000000001"

    def test_records_below_the_level_are_dropped(self, log: Log) -> None:
        log.start("warning")
        logger = structlog.get_logger()
        logger.info("no")
        logger.warning("yes")
        logging.getLogger("x").info("no")
        logging.getLogger("x").warning("yes")
        assert [record["event"] for record in log.records] == ["yes", "yes"]

    def test_every_logger_follows_a_new_configuration(self, log: Log) -> None:
        logger = structlog.get_logger()
        log.start("error")
        logger.info("no")
        log.start("info")
        logger.info("yes")
        assert [record["event"] for record in log.records] == ["yes"]

    def test_fields_cannot_pretend_to_be_ours(self, log: Log) -> None:
        log.start()
        say(level="critical", time="yesterday")
        assert log.last["level"] == "info" and TIME.fullmatch(log.last["time"])

    def test_what_json_cannot_hold_is_written_all_the_same(self, log: Log) -> None:
        log.start()
        loop: list[Any] = []
        loop.append(loop)
        deep: dict[str, Any] = {}
        deep["deep"] = deep
        strange = [b"\xff", 2**70, {1, 2}, object(), float("nan"), Path("a")]
        odd: dict[str, Any] = {"k\ud800": 1}
        say(name="a\ud800b", strange=strange, loop=loop, deep=deep, **odd)
        assert log.last["name"] == "a\\ud800b"
        assert log.last["strange"] == ["\\xff", str(2**70), [1, 2], "<object>", None, "a"]

    def test_a_value_whose_text_fails_is_logged_by_its_class(self, log: Log) -> None:
        class Mute:
            def __str__(self) -> str:
                raise RuntimeError

        log.start()
        say(value=Mute())
        assert log.last["value"] == "<Mute>"


class TestTracebacks:
    @staticmethod
    def fail() -> None:
        hidden = "canary"
        try:
            try:
                raise KeyError(len(hidden))
            except KeyError as cause:
                raise ValueError("deep") from cause
        except ValueError:
            structlog.get_logger().exception("failed")
            logging.getLogger("x").exception("failed too")

    def test_a_traceback_has_no_local_variables(self, log: Log) -> None:
        log.start()
        self.fail()
        assert "canary" not in log.text
        for record in log.records:
            assert [each["exc_type"] for each in record["exception"]] == ["ValueError", "KeyError"]
            assert record["exception"][0]["frames"][-1]["name"] == "fail"
            assert record["level"] == "error"

    def test_a_traceback_on_a_terminal_has_files_and_lines(self, log: Log) -> None:
        log.start(format="console")
        self.fail()
        assert "canary" not in log.text
        assert re.search(r"^    .*test_logging\.py:\d+ in fail$", log.text, re.MULTILINE)
        assert "  ValueError: deep\n" in log.text

    def test_an_error_does_not_tell_what_was_sent(self, log: Log) -> None:
        log.start()
        with pytest.raises(ValueError, match="canary") as wrong:
            TypeAdapter(int).validate_python("canary")
        sql = IntegrityError("INSERT", {"email": "canary"}, Exception("DETAIL:  Key (a)=(canary)"))
        for error in (wrong.value, sql):
            structlog.get_logger().error("failed", exc_info=error)
        assert "canary" not in log.text
        assert "IntegrityError" in log.text


class TestConsole:
    def test_a_line_is_readable(self, log: Log) -> None:
        log.start(format="console", request_id="r-1")
        say("note written", title="two words", size=3, empty="")
        line = log.text.rstrip("\n")
        assert TIME.match(line)
        assert line.endswith(
            " info     note written title='two words' size=3 empty='' request_id=r-1"
        )

    def test_lines_are_coloured_on_a_terminal_only(
        self, monkeypatch: pytest.MonkeyPatch, log: Log
    ) -> None:
        monkeypatch.delenv("NO_COLOR", raising=False)
        log.start(format="console")
        say()
        assert "\x1b[" not in log.text
        primary, secondary = os.openpty()
        assert LogWriter(secondary).coloured
        monkeypatch.setenv("NO_COLOR", "1")
        assert not LogWriter(secondary).coloured
        monkeypatch.delenv("NO_COLOR")
        lines = LogWriter(secondary)
        configure_logging("info", "console", lines=lines)
        say("hello")
        lines.close()
        assert b"\x1b[1mhello\x1b[0m" in os.read(primary, 1000)
        os.close(primary)
        os.close(secondary)


class TestLibraries:
    def test_records_of_libraries_have_the_same_form(self, log: Log) -> None:
        log.start(request_id="r-1")
        for name in ("alembic.runtime", "asyncio", "anything"):
            logging.getLogger(name).warning("%s at %d", name, 1)
            assert log.last["event"] == f"{name} at 1"
            assert (log.last["logger"], log.last["level"]) == (name, "warning")
            assert log.last["request_id"] == "r-1"
        assert len(log.records) == 3

    def test_the_server_is_called_so_and_repeats_nothing(self, log: Log) -> None:
        log.start()
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        logging.getLogger("uvicorn.error").warning("told")
        assert [(it["event"], it["logger"]) for it in log.records] == [("told", "server")]

    def test_the_access_log_of_the_server_is_off(self, log: Log) -> None:
        log.start("debug")
        logging.getLogger("uvicorn.access").info('"GET /?token=canary HTTP/1.1" 200')
        assert log.text == ""

    def test_statements_and_addresses_are_not_told_even_in_debug(self, log: Log) -> None:
        log.start("debug")
        logging.getLogger("sqlalchemy.engine.Engine").info("canary")
        logging.getLogger("httpx").info("canary")
        logging.getLogger("httpcore.http11").debug("canary")
        assert log.text == ""
        logging.getLogger("sqlalchemy.pool").error("told")
        assert log.last["event"] == "told"

    def test_a_level_between_ours_becomes_the_one_below(self, log: Log) -> None:
        log.start("debug")
        logging.getLogger("x").log(25, "between")
        assert log.last["level"] == "info"

    def test_warnings_are_logged_too(self, log: Log) -> None:
        log.start()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn("careful", stacklevel=1)
        assert "careful" in log.last["event"]


class TestAccessLine:
    LINE = AccessLine(
        time=now(),
        level="info",
        event="request",
        request_id="r-1234567",
        method="GET",
        path="/api/v1/users/{id}",
        status=200,
        ms=1.25,
        principal="p-1",
    )

    def write(self, log: Log, level: str = "info", format: Format = "json") -> None:
        access_writer(log.lines, level, format)(self.LINE)

    def test_an_access_line_looks_like_any_other_line(self, log: Log) -> None:
        log.start(request_id="r-1234567")
        self.write(log)
        say("request")
        access, other = log.records
        assert list(access)[:3] == list(other)[:3]
        assert access == {
            "time": self.LINE.time,
            "level": "info",
            "event": "request",
            "request_id": "r-1234567",
            "method": "GET",
            "path": "/api/v1/users/{id}",
            "status": 200,
            "ms": 1.25,
            "principal": "p-1",
        }

    def test_an_access_line_on_a_terminal_is_readable(self, log: Log) -> None:
        self.write(log, format="console")
        assert log.text.endswith(
            " info     GET /api/v1/users/{id} 200 1.25 ms principal=p-1 request_id=r-1234567\n"
        )

    def test_an_access_line_is_of_level_info(self, log: Log) -> None:
        self.write(log, level="warning")
        assert log.text == ""
        self.write(log, level="debug")
        assert log.text != ""

    def test_an_access_line_is_cheap(self, log: Log) -> None:
        """It costs a fraction of a line of structlog, which is the reason for the function."""
        log.start()
        access = access_writer(log.lines, "info", "json")
        logger = structlog.get_logger()
        fields = {"method": "GET", "path": "/", "status": 200, "ms": 1.0}
        assert fastest(lambda: access(self.LINE)) * 2 < fastest(lambda: logger.info("r", **fields))


def fastest(act: Callable[[], None]) -> float:
    def once() -> float:
        started = monotonic()
        for _ in range(200):
            act()
        return monotonic() - started

    return min(once() for _ in range(7))
