"""Clients that disconnect before the end of their body cause no error of the service."""

import json
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar

pytestmark = pytest.mark.anyio

REGISTRATION = {
    "name": "Some Body",
    "email": "cut@example.com",
    "password": "a long plain sentence",
}
JSON = b"application/json"
FORM = b"application/x-www-form-urlencoded"


async def cut_off(app: Litestar, path: str, kind: bytes, *more: tuple[bytes, bytes]) -> Any:
    """Return the problem that is sent although the client has disconnected."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"test"),
            (b"content-type", kind),
            (b"content-length", b"1000"),
            *more,
        ],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    whole = json.dumps(REGISTRATION).encode()
    messages: list[Any] = [
        {"type": "http.request", "body": whole, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]
    return json.loads(sent[1]["body"])


@pytest.mark.parametrize(
    ("path", "kind", "more"),
    [
        ("/auth/register", JSON, ()),
        ("/auth/register", JSON, ((b"idempotency-key", b"one-and-the-same"),)),
        ("/auth/token", FORM, ()),
    ],
)
async def test_it_is_refused_as_bad_and_logs_no_error(
    app: Litestar,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    kind: bytes,
    more: tuple[tuple[bytes, bytes], ...],
) -> None:
    errors: list[str] = []
    monkeypatch.setattr("core.web.problems.log.error", lambda event, **_: errors.append(event))
    problem = await cut_off(app, f"/api/v1{path}", kind, *more)
    assert (problem["status"], problem["code"], errors) == (400, "http.cut_off", [])


async def test_nothing_of_it_is_done(app: Litestar, client: AsyncClient) -> None:
    await cut_off(app, "/api/v1/auth/register", JSON, (b"idempotency-key", b"one-and-the-same"))
    registered = await client.post(
        "/api/v1/auth/register", json=REGISTRATION, headers={"idempotency-key": "one-and-the-same"}
    )
    assert registered.status_code == 201
    assert "idempotency-replayed" not in registered.headers
