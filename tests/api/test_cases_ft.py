"""Connections and processes that end at the wrong moment (FT in cases.md)."""

import json
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from tests.api.serving import run, serving
from tests.people import Person

EMAIL = "some@example.com"
BODY = json.dumps(
    {"name": "Some Body", "email": EMAIL, "password": "a long plain sentence"}
).encode()


async def test_an_answer_that_never_arrived_is_given_again(app: Litestar, admin: Person) -> None:
    """FT-07: the act was committed, and the connection gone before its answer was written."""
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
        """Nobody is there to read it."""

    await app(scope, receive, send)  # type: ignore[arg-type]


@pytest.mark.timeout(180)
def test_a_damaged_database_is_not_served(tmp_path: Path) -> None:
    """FT-05: it says so in one sentence, and answers nothing."""
    run(tmp_path, "migrate")
    path = tmp_path / "var/atrium.db"
    whole = path.read_bytes()
    for damaged in (bytes(4096) + whole[4096:], whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with serving(tmp_path) as served:
            assert served.process.wait(timeout=60) == 1
        assert "The file of the database is damaged" in served.printed
        assert "Traceback" not in served.printed and "serving" not in served.printed
