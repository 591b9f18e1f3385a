"""Connections and processes that end during a request (FT in cases.md)."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.testing import PASSWORD, TestUser, client_of
from tests.api.deaths import (
    LOG,
    PAGE,
    Copies,
    differ,
    flipped,
    flipped_at,
    moved,
    opened,
    put_log_into_file,
    spans_of,
)
from tests.api.serving import run, serving

REGISTRATIONS = 3
EMAIL = "some@example.com"
BODY = json.dumps(
    {"name": "Some Body", "email": EMAIL, "password": "a long plain sentence"}
).encode()


async def test_an_answer_that_never_arrived_is_given_again(app: Litestar, admin: TestUser) -> None:
    """FT-07: the act is committed, and the connection is closed before the response is written."""
    token = admin.client.headers["authorization"]
    await post_and_go_away(app, token)
    headers = {"idempotency-key": "once", "content-type": "application/json"}
    again = await admin.client.post("/api/v1/users", content=BODY, headers=headers)
    assert again.status_code == 201, again.text
    assert again.headers["idempotency-replayed"] == "true"
    people = await admin.client.get(f"/api/v1/users?search={EMAIL}")
    assert people.json()["total"] == 1


async def post_and_go_away(app: Litestar, token: str) -> None:
    headers = {
        "host": "test",
        "authorization": token,
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "idempotency-key": "once",
    }
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/api/v1/users", "raw_path": b"/api/v1/users", "root_path": "",
        "query_string": b"", "client": ("192.0.2.1", 1), "server": ("test", 80),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent = iter([{"type": "http.request", "body": BODY, "more_body": False}])

    async def receive() -> Any:
        return next(sent, {"type": "http.disconnect"})

    async def send(_: Any) -> None:
        """Ignore the message, because the client has disconnected."""

    await app(scope, receive, send)  # type: ignore[arg-type]


@pytest.mark.process
@pytest.mark.timeout(180)
def test_a_damaged_database_is_not_served(tmp_path: Path) -> None:
    """FT-05: the process prints one sentence and serves no request."""
    run(tmp_path, "migrate")
    path = tmp_path / "var/atrium.db"
    whole = path.read_bytes()
    inside = page_of(path, "auth_refresh_tokens")
    for damaged in (
        bytes(PAGE) + whole[PAGE:],
        whole[:inside] + b"\xff" * PAGE + whole[inside + PAGE :],
        whole[: len(whole) // 2],
    ):
        path.write_bytes(damaged)
        with serving(tmp_path) as served:
            assert served.process.wait(timeout=60) == 1
        assert "The database file is damaged" in served.printed
        assert "Traceback" not in served.printed and "serving" not in served.printed


def page_of(path: Path, table: str) -> int:
    """Return the offset of the first page of the table."""
    with closing(sqlite3.connect(path)) as connection:
        [(number,)] = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        )
    return (int(number) - 1) * PAGE


class TestDamagedLog:
    """FT-05: damaged frames, and all frames after them, are ignored."""

    @pytest.fixture
    def backend(self) -> str:
        return "sqlite"

    @pytest.fixture
    async def history(
        self, client: AsyncClient, admin: TestUser, settings: Settings, tmp_path: Path
    ) -> list[Path]:
        """Return the files after a reset of the log, and after each registration that follows."""
        copies = Copies(settings.data_dir, tmp_path / "copies")
        for number in range(REGISTRATIONS):
            await sign_up(client, f"earlier{number}@example.com")
        put_log_into_file(settings.data_dir)
        copies.take(0)
        for number in range(1, REGISTRATIONS + 1):
            await sign_up(client, f"new{number}@example.com")
            copies.take(number)
        return copies.made

    async def test_a_log_is_believed_up_to_the_damage(self, history: list[Path]) -> None:
        states = [state_of(each) for each in history]
        found = [state_of(history[-1], log) for log in flipped((history[-1] / LOG).read_bytes())]
        assert all(each in states for each in found), "what never was"
        numbers = [states.index(each) for each in found]
        assert numbers == sorted(numbers)
        assert {*range(REGISTRATIONS)} <= {*numbers}, "each time all that was before"

    @pytest.mark.parametrize("log", [b"", b"nothing of the kind" * 5000])
    async def test_a_file_that_is_no_log_is_not_believed(
        self, history: list[Path], log: bytes
    ) -> None:
        begun, *_, last = history
        assert state_of(last) != state_of(begun)
        assert state_of(last, log) == state_of(begun)

    @pytest.mark.parametrize("kept", [0, REGISTRATIONS - 1])
    async def test_what_was_before_the_damage_is_served(
        self,
        history: list[Path],
        admin: TestUser,
        settings: Settings,
        log_lines: LogWriter,
        kept: int,
    ) -> None:
        before, whole = ((each / LOG).read_bytes() for each in (history[kept], history[-1]))
        begin, _ = next(each for each in spans_of(whole) if differ(before, whole, each))
        (history[-1] / LOG).write_bytes(flipped_at(whole, begin))
        await self.assert_served(history[-1], history[kept], admin, settings, log_lines)

    async def test_what_was_before_it_is_served_without_it(
        self, history: list[Path], admin: TestUser, settings: Settings, log_lines: LogWriter
    ) -> None:
        (history[-1] / LOG).unlink()
        await self.assert_served(history[-1], history[0], admin, settings, log_lines)

    async def assert_served(
        self, folder: Path, state: Path, admin: TestUser, settings: Settings, log_lines: LogWriter
    ) -> None:
        people = {email for (email,) in state_of(state)["SELECT email FROM users"]}
        app = create_app(moved(settings, folder), lines=log_lines)
        authorization = admin.client.headers["authorization"]
        async with app.lifespan(), client_of(app, authorization=authorization) as client:
            ready = await client.get("/health/ready")
            assert (ready.status_code, ready.json()["checks"]["database"]) == (200, "ok")
            listed = (await client.get("/api/v1/admin/users?per_page=100")).json()["data"]
            assert {each["email"] for each in listed} == people
            await sign_up(client, f"new{REGISTRATIONS}@example.com")


async def sign_up(client: AsyncClient, email: str) -> None:
    body = {"name": "New Person", "email": email, "password": PASSWORD}
    answer = await client.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text


def state_of(folder: Path, log: bytes | None = None) -> dict[str, list[Any]]:
    """Return the rows that a registration changes, without those of background tasks."""
    asked = ("SELECT * FROM users", "SELECT email FROM users", "SELECT * FROM core_audit")
    with opened(folder, log) as connection:
        return {each: sorted(connection.execute(each), key=repr) for each in asked}
