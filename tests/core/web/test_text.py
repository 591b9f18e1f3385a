"""Text in requests, at each location: its length is checked first, and it is then normalised."""

from collections.abc import Awaitable, Callable

import pytest
from httpx import Response

from core.kernel.text import MAX_MARKS
from core.testing import PASSWORD, TestUser

API = "/api/v1"
Send = Callable[[TestUser, str], Awaitable[Response]]


def sends(method: str, path: str, field: str, **others: object) -> Send:
    async def send(user: TestUser, text: str) -> Response:
        body = {**others, field: text}
        return await user.client.request(method, f"{API}{path}", json=body)

    return send


def asks(path: str, name: str) -> Send:
    async def ask(user: TestUser, text: str) -> Response:
        return await user.client.get(f"{API}{path}", params={name: text})

    return ask


async def token(user: TestUser, text: str) -> Response:
    form = {"grant_type": "password", "username": "a@example.com", "password": text}
    return await user.client.post(f"{API}/auth/token", data=form)


async def upload(user: TestUser, text: str) -> Response:
    return await user.client.post(f"{API}/files/upload", files={"file": (f"{text}.txt", b"x")})


NEW = {"name": "Some Name", "email": "new@example.com"}
PLACES: dict[str, tuple[Send, int]] = {
    "a name": (sends("PATCH", "/users/me", "name"), 200),
    "a long text": (sends("POST", "/admin/maintenance", "message", enabled=False), 200),
    "a label": (sends("POST", "/auth/api-keys", "name"), 400),
    "an e-mail address to sign in with": (
        sends("POST", "/auth/login", "email", password=PASSWORD),
        401,
    ),
    "a password to sign in with": (sends("POST", "/auth/login", "password", email="a@b.cd"), 401),
    "a password in a form": (token, 400),
    "a password as a proof": (sends("POST", "/auth/step-up", "password"), 403),
    "a new password": (sends("POST", "/auth/register", "password", **NEW), 201),
    "a search": (asks("/users", "search"), 200),
    "a filter": (asks("/files", "content_type"), 200),
    "a file name": (upload, 201),
}


@pytest.mark.parametrize("place", PLACES)
async def test_marks_in_a_row_are_bounded(place: str, admin: TestUser) -> None:
    send, status = PLACES[place]
    allowed = await send(admin, "many marks a" + "\u0323" * MAX_MARKS)
    refused = await send(admin, "many marks a" + "\u0323" * (MAX_MARKS + 1))
    assert (allowed.status_code, refused.status_code) == (status, 400), allowed.text
    if place != "a password in a form":  # RFC 6749 has an error code of its own
        assert "must have at most 30 combining marks" in refused.text


@pytest.mark.parametrize("place", PLACES)
async def test_length_comes_before_all_else(place: str, admin: TestUser) -> None:
    """A text beyond its length gets an error about its length only, not about its marks."""
    send, _ = PLACES[place]
    times = 13 if place in ("a search", "a filter") else 65  # a URL has 8 KiB
    answer = await send(admin, ("a" + "\u0323" * (MAX_MARKS + 1)) * times)
    assert answer.status_code == 400
    assert "combining" not in answer.text


async def test_texts_of_right_to_left_languages_are_kept(admin: TestUser) -> None:
    path = f"{API}/admin/maintenance"
    for text in ("שלום\u200e, world\u200f", "\u061cمرحبا\u200e (a)"):
        named = await admin.client.patch(f"{API}/users/me", json={"name": f"\u200f{text}\u200e"})
        said = await admin.client.post(path, json={"enabled": False, "message": text})
        assert named.json()["name"] == text.strip("\u200e\u200f\u061c")
        assert said.json()["message"] == text


async def test_line_breaks_of_every_kind_become_one(admin: TestUser) -> None:
    text = "a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h\ni"
    body = {"enabled": False, "message": text}
    answer = await admin.client.post(f"{API}/admin/maintenance", json=body)
    assert answer.json()["message"] == "a\nb\nc\nd\ne\nf\ng\nh\ni"
    for each in "\r\n\x0b\x0c\x85\u2028\u2029":
        answer = await admin.client.patch(f"{API}/users/me", json={"name": f"a{each}b"})
        assert answer.json()["errors"][0]["code"] == "control_character"


@pytest.mark.parametrize(
    "blank", ["\u200b", "\u3164", "\u115f\u1160", "\u2060", "\ufeff", "\u00a0"]
)
async def test_a_name_shows_something(blank: str, admin: TestUser) -> None:
    answer = await admin.client.patch(f"{API}/users/me", json={"name": blank * 3})
    assert [each["code"] for each in answer.json()["errors"]] == ["string_too_short"]
    everyone = await admin.client.get(f"{API}/users", params={"search": blank})
    assert everyone.json()["total"] == 1
