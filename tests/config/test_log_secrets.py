"""No line of the log has a secret, and no line forges another."""

import logging
import re
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import structlog
from pydantic import BaseModel, SecretStr

from tests.config.log_records import Format, Log, log, say

__all__ = ["log"]


class TestSecrets:
    @pytest.mark.parametrize("format", ["json", "console"])
    @pytest.mark.parametrize(
        "name",
        [
            *("password", "new_password", "passwordHash", "token", "access_token", "refreshToken"),
            *("secret", "client_secret", "Authorization", "cookie", "Set-Cookie", "X-API-Key"),
            *("api_key", "apiKey", "apikey", "key", "keys", "code", "recovery_codes", "otp"),
            *("SECRET_KEY", "private_key", "credentials", "smtp-password", "pin", "token2"),
        ],
    )
    def test_secrets_are_hidden_by_name_at_any_depth(
        self, log: Log, name: str, format: Format
    ) -> None:
        log.start(format=format)
        say(**{name: "canary"})
        say(data={"list": [{"inner": {name: "canary"}}]})
        say(headers=[(name.encode(), b"canary"), [name, "canary"]])
        say(value={name: {"nested": ["canary"]}})
        assert "canary" not in log.text
        assert log.text.count("…") == 5

    @pytest.mark.parametrize(
        "name",
        [
            *("request_id", "key_id", "status_code", "token_type", "email_id", "keyboard", "codec"),
            *("author", "error_code", "pinned", "monkey_name"),
        ],
    )
    def test_what_only_sounds_alike_stays(self, log: Log, name: str) -> None:
        log.start()
        say(**{name: "plain"})
        assert log.last[name] == "plain"

    def test_objects_tell_their_class_only(self, log: Log) -> None:
        @dataclass
        class Person:
            password: str

        class Body(BaseModel):
            password: str

        log.start()
        say(
            values=[
                Person("canary"),
                Body.model_validate({"password": "canary"}),
                SimpleNamespace(a="canary"),
                SecretStr("canary"),
            ]
        )
        assert log.last["values"][:3] == ["<Person>", "<Body>", "<SimpleNamespace>"]
        assert "canary" not in log.text

    @pytest.mark.parametrize(
        "text",
        [
            "sent Authorization: Bearer canary.abc-def",
            "GET /users/me?token=canary&x=1 HTTP/1.1",
            "https://example.com/reset?token=canary",
            "cannot reach postgresql://user:can@ary-canary@host/name",
            "token eyJhbGciOi.eyJzdWIiOi.canary",
        ],
    )
    def test_secrets_in_text_are_hidden(self, log: Log, text: str) -> None:
        log.start()
        say(text)
        say(text=text)
        logging.getLogger("library").warning("%s", text)
        assert len(log.records) == 3
        assert "canary" not in log.text

    def test_a_question_is_no_query_string(self, log: Log) -> None:
        log.start()
        say("really? yes", url="https://example.com/a")
        assert (log.last["event"], log.last["url"]) == ("really? yes", "https://example.com/a")

    def test_long_text_is_cut(self, log: Log) -> None:
        log.start()
        say(text="x" * 1_000_000)
        assert len(log.text) < 10_000


class TestForgery:
    EVIL = "a\r\n2026-01-01T00:00:00Z info forged\x1b[2J\x9b31m\x7f\u2028\u202e\x00\x85z"

    @pytest.mark.parametrize("format", ["json", "console"])
    def test_no_value_moves_the_terminal_or_begins_a_line(self, log: Log, format: Format) -> None:
        log.start(format=format)
        say(self.EVIL, text=self.EVIL, plain=self.EVIL.replace(" ", ""), nested=[self.EVIL])
        say(self.EVIL, **{self.EVIL: self.EVIL})
        logging.getLogger(self.EVIL).warning("%s", self.EVIL)
        structlog.get_logger().error("failed", exc_info=ValueError(self.EVIL))
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", log.text)
        lines = log.text.splitlines()
        assert len(lines) == 4 + (format == "console")
        assert not [line for line in lines if line.startswith("2026-01-01T00:00:00Z")]

    def test_json_gives_the_value_back(self, log: Log) -> None:
        log.start()
        say(text=self.EVIL)
        assert log.last["text"] == self.EVIL
