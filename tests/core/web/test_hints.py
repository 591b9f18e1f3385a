"""Header fields that are hints: repeated or malformed ones are ignored without an error."""

import pytest
from httpx import AsyncClient

from core.testing import PASSWORD, TestUser
from tests.api.document import operations

HINTS = ["x-request-id", "traceparent", "tracestate", "user-agent", "referer", "accept"]
LISTS = ["accept-language", "accept-encoding", "accept-charset", "from", "dnt", "sec-fetch-mode"]
MALFORMED = ["", "\xff\xfe", "a b", ";;==,,", "\t", "q=0.1.2", "x" * 4_000, "00-" + "0" * 80]


@pytest.fixture
def backend() -> str:
    """The database does not matter here."""
    return "sqlite"


def encoded(*fields: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in fields]


@pytest.mark.parametrize("name", [*HINTS, *LISTS])
async def test_a_malformed_hint_refuses_no_request(name: str, user: TestUser) -> None:
    for value in MALFORMED:
        for fields in ([(name, value)], [(name, value), (name, "another-value-1")]):
            answer = await user.client.get("/api/v1/users/me", headers=encoded(*fields))
            assert answer.status_code == 200, (name, value[:20], len(fields), answer.text)
            assert len(answer.headers["x-request-id"]) >= 8


@pytest.mark.parametrize("name", [*HINTS, *LISTS])
async def test_a_malformed_hint_refuses_no_sign_in_and_no_page(
    name: str, user: TestUser, client: AsyncClient
) -> None:
    body = {"email": user.email, "password": PASSWORD}
    for fields in ([(name, "\xff\xfe;;==")], [(name, "one-value-1"), (name, "two-value-2")]):
        headers = encoded(*fields)
        assert (await client.post("/api/v1/auth/login", json=body, headers=headers)).is_success
        for path in ("/", "/docs", "/health"):
            assert (await client.get(path, headers=headers)).status_code == 200, (path, fields)


async def test_a_repeated_request_id_is_made_new(client: AsyncClient) -> None:
    fields = encoded(("x-request-id", "my-request-1"), ("x-request-id", "my-request-2"))
    made = (await client.get("/health", headers=fields)).headers["x-request-id"]
    assert made not in ("my-request-1", "my-request-2", "my-request-1, my-request-2")


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "content-type",
        "x-api-key",
        "idempotency-key",
        "range",
        "if-range",
        "origin",
    ],
)
async def test_those_that_decide_something_are_given_once(name: str, user: TestUser) -> None:
    fields = encoded((name, "a"), (name, "b"))
    answer = await user.client.get("/api/v1/users/me", headers=fields)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.repeated_header")


async def test_a_boolean_parameter_has_a_capital_in_python(admin: TestUser) -> None:
    for text, counted in (("True", True), ("true", True), ("False", False), ("false", False)):
        answer = await admin.client.get(f"/api/v1/users?cursor=&total={text}")
        assert (answer.json()["total"] is not None) is counted


async def test_every_boolean_parameter_has_the_same_four_spellings(admin: TestUser) -> None:
    found = [
        (each.at({}), parameter["name"])
        for each in await operations(admin.client)
        for parameter in each.described.get("parameters", [])
        if parameter["in"] == "query" and parameter["schema"].get("type") == "boolean"
    ]
    assert {"total", "inline", "is_active"} <= {name for _, name in found}
    for path, name in found:
        for text in ("True", "true", "False", "false"):
            answer = await admin.client.get(f"{path}?{name}={text}")
            assert answer.status_code in (200, 404), (path, answer.text)
        for text in ("TRUE", "1", "0", "yes", "on", "", "%20true"):
            answer = await admin.client.get(f"{path}?{name}={text}")
            [error] = answer.json()["errors"]
            assert (answer.status_code, error["location"]) == (400, f"query.{name}"), (path, text)
            assert error["code"] == "bool"


async def test_inline_is_read_like_every_other_boolean(user: TestUser) -> None:
    files = {"file": ("a.png", b"\x89PNG\r\n\x1a\n")}
    uploaded = await user.client.post("/api/v1/files/upload", files=files)
    path = f"/api/v1/files/{uploaded.json()['id']}/download"
    for text, kind in (("True", "inline"), ("true", "inline"), ("False", "attachment")):
        answer = await user.client.get(f"{path}?inline={text}")
        assert answer.headers["content-disposition"].startswith(kind)
