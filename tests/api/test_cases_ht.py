"""Methods and encodings of every route, from outside (HT in cases.md)."""

from typing import Any

from httpx import AsyncClient

from core.kernel.ids import uuid7
from tests.people import Person

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")


async def paths_of(client: AsyncClient) -> dict[str, set[str]]:
    """The methods the document has of each path, HEAD and OPTIONS with them."""
    document: dict[str, Any] = (await client.get("/docs/openapi.json")).json()
    found = {}
    for path, operations in document["paths"].items():
        methods = {each.upper() for each in operations} & {*METHODS, "HEAD"}
        implied = {"OPTIONS", *({"HEAD"} if "GET" in methods else ())}
        found[filled(path)] = methods | implied
    return found


def filled(path: str) -> str:
    parts = ("x" if each in ("{name}", "{code}") else each for each in path.split("/"))
    return "/".join(str(uuid7()) if each.startswith("{") else each for each in parts)


async def test_what_may_be_asked_is_what_the_document_says(client: AsyncClient) -> None:
    """HT-01, HT-02: no method more, and none past signing in."""
    paths = await paths_of(client)
    assert len(paths) > 40
    for path, methods in paths.items():
        options = await client.options(path)
        assert options.status_code == 204
        assert set(options.headers["allow"].split(", ")) == methods, path
        for method in METHODS:
            if method not in methods:
                answer = await client.request(method, path)
                assert answer.status_code == 405, (method, path)
                assert set(answer.headers["allow"].split(", ")) == methods


async def test_head_is_let_in_where_get_is(client: AsyncClient, person: Person) -> None:
    """HT-02."""
    for path, methods in (await paths_of(client)).items():
        if "GET" in methods:
            for each in (client, person.client):
                head, get = await each.head(path), await each.get(path)
                assert (head.status_code, head.content) == (get.status_code, b""), path


async def test_what_holds_a_secret_is_never_compressed(client: AsyncClient, person: Person) -> None:
    """HT-17."""
    headers = {"accept-encoding": "gzip, br, deflate"}
    login = {"email": person.email, "password": person.password}
    key = {"name": "n" * 100, "scopes": ["profile:read"] * 1}
    for answer in (
        await client.post("/api/v1/auth/login", json=login, headers=headers),
        await person.client.post("/api/v1/auth/api-keys", json=key, headers=headers),
    ):
        assert answer.is_success and "content-encoding" not in answer.headers
