"""POST routes without a body: a body that is sent is refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient, Response

from core.kernel.ids import uuid7
from core.testing import TestUser

API = "/api/v1"
ME = f"{API}/users/me"
LOGOUT = f"{API}/auth/logout"
JSON = {"content-type": "application/json"}


async def log_out(user: TestUser, content: Any = None, **headers: str) -> Response:
    sent = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    return await user.client.post(LOGOUT, content=content, headers=sent)


def refusal(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("content", [None, b"", b"{}", b" {\n} "])
async def test_none_and_an_empty_object_are_fine(user: TestUser, content: bytes | None) -> None:
    assert (await log_out(user, content)).status_code == 204


async def test_unknown_fields_are_named_and_nothing_is_done(user: TestUser) -> None:
    refused = await log_out(user, b'{"everywhere": true, "a": {"b": 1}}')
    assert refusal(refused) == (400, "http.invalid")
    assert [each["location"] for each in refused.json()["errors"]] == ["body.everywhere", "body.a"]
    assert (await user.client.get(ME)).status_code == 200


async def test_a_body_other_than_an_empty_object_is_refused(user: TestUser) -> None:
    for content in (b"null", b"[]", b'"x"', b"0", b"{", b"{}{}", b'{"a":1,"a":1}', b"\xff", b" "):
        assert (await log_out(user, content)).status_code == 400, content
    assert (await user.client.get(ME)).status_code == 200


async def test_another_media_type_is_refused_where_there_is_a_body(user: TestUser) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        refused = await log_out(user, b"{}", content_type=kind)
        assert refusal(refused) == (415, "http.not_json")
    encoded = await log_out(user, b"{}", content_encoding="gzip")
    assert refusal(encoded) == (415, "http.encoded_body")
    assert (await log_out(user, content_type="text/plain")).status_code == 204


async def test_a_long_body_is_refused(user: TestUser) -> None:
    refused = await log_out(user, b" " * 300_000 + b"{}")
    assert refusal(refused) == (413, "http.too_large")


async def test_a_body_in_pieces_is_checked_too(user: TestUser) -> None:
    async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
        for each in parts:
            yield each

    refused = await log_out(user, pieces(b'{"every', b'where": true}'))
    assert refusal(refused) == (400, "http.invalid")
    large = await log_out(user, pieces(*[b" " * 100_000] * 4))
    assert refusal(large) == (413, "http.too_large")
    assert (await log_out(user, pieces(b"{", b"}"))).status_code == 204


async def test_a_key_changes_nothing_of_that(user: TestUser) -> None:
    key = {"idempotency_key": "the-same"}
    for _ in range(2):
        assert refusal(await log_out(user, b'{"a": 1}', **key)) == (400, "http.invalid")
    assert (await log_out(user, b"{}", **key)).status_code == 204


async def test_every_such_route_looks(client: AsyncClient, admin: TestUser) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    verbs = [
        path
        for path, methods in document["paths"].items()
        if "post" in methods and "requestBody" not in methods["post"]
    ]
    assert len(verbs) >= 6
    for path in verbs:
        address = path.replace("{user_id}", str(uuid7())).replace("{event_id}", str(uuid7()))
        refused = await admin.client.post(address, json={"unknown": 1})
        assert refusal(refused) == (400, "http.invalid"), path
        assert {"400", "413", "415"} <= document["paths"][path]["post"]["responses"].keys()


async def test_access_comes_first(client: AsyncClient, user: TestUser) -> None:
    assert (await client.post(LOGOUT, content=b"x" * 300_000)).status_code == 401
    retry = f"{API}/admin/events/{uuid7()}/retry"
    assert (await user.client.post(retry, content=b"x")).status_code == 403


async def test_where_nothing_is_nothing_is_read(client: AsyncClient) -> None:
    assert (await client.post(f"{API}/nowhere", content=b"x")).status_code == 404
