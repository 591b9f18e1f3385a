"""Methods and encodings of each route over HTTP (HT in cases.md)."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from core.kernel.ids import uuid7
from core.testing import TestUser
from core.web.assets import asset_url
from tests.api.document import Operation, operations
from tests.api.holdings import things_of
from tests.modules.files.uploads import upload

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")


async def paths_of(client: AsyncClient) -> dict[str, set[str]]:
    """Return the methods of each documented path, with HEAD and OPTIONS."""
    document: dict[str, Any] = (await client.get("/docs/openapi.json")).json()
    found = {}
    for path, described in document["paths"].items():
        methods = {each.upper() for each in described} & {*METHODS, "HEAD"}
        implied = {"OPTIONS", *({"HEAD"} if "GET" in methods else ())}
        found[filled(path)] = methods | implied
    return found


def filled(path: str) -> str:
    parts = ("x" if each in ("{name}", "{code}") else each for each in path.split("/"))
    return "/".join(str(uuid7()) if each.startswith("{") else each for each in parts)


async def test_what_may_be_asked_is_what_the_document_says(client: AsyncClient) -> None:
    """HT-01, HT-02: no undocumented method is allowed, and none skips authentication."""
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


async def test_head_is_let_in_where_get_is(client: AsyncClient, user: TestUser) -> None:
    """HT-02."""
    for path, methods in (await paths_of(client)).items():
        if "GET" in methods:
            for each in (client, user.client):
                head, get = await each.head(path), await each.get(path)
                assert (head.status_code, head.content) == (get.status_code, b""), path


async def test_what_holds_a_secret_is_never_compressed(client: AsyncClient, user: TestUser) -> None:
    """HT-17."""
    headers = {"accept-encoding": "gzip, br, deflate"}
    login = {"email": user.email, "password": user.password}
    key = {"name": "n" * 100, "scopes": ["profile:read"] * 1}
    for answer in (
        await client.post("/api/v1/auth/login", json=login, headers=headers),
        await user.client.post("/api/v1/auth/api-keys", json=key, headers=headers),
    ):
        assert answer.is_success and "content-encoding" not in answer.headers


ON_EVERY_ANSWER = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
NEVER = ("server", "x-powered-by", "via")


async def test_every_answer_of_every_route_is_dressed(
    client: AsyncClient, admin: TestUser, user: TestUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HT-13: with each status."""
    found: set[int] = set()

    async def ask(by: AsyncClient, method: str, path: str, **more: Any) -> Response:
        answer = await by.request(method, path, **more)
        found.add(answer.status_code)
        assert_dressed(answer)
        return answer

    for path, methods in (await paths_of(client)).items():
        for method in (*methods, "TRACE"):
            for each in (client, user.client):
                await ask(each, method, path)
        origin = {"origin": "http://test", "access-control-request-method": "GET"}
        await ask(client, "OPTIONS", path, headers=origin)

    me = "/api/v1/users/me"
    user.client.headers["authorization"] = await authorization(client, user)
    etag = (await ask(user.client, "GET", me)).headers["etag"]
    await ask(user.client, "GET", me, headers={"if-none-match": etag})
    await ask(user.client, "PATCH", me, json={"age": 1}, headers={"if-match": '"x"'})
    await ask(user.client, "PATCH", me, json={"name": "x" * 300_000})
    await ask(user.client, "PATCH", me, content=b"x")
    file = f"/api/v1/files/{(await upload(user.client))['id']}/download"
    for asked in ("bytes=0-1", "bytes=0-1,3-4", "bytes=99-"):
        await ask(user.client, "GET", file, headers={"range": asked})
    switch = "/api/v1/admin/maintenance"
    await ask(admin.client, "POST", switch, json={"enabled": True})
    await ask(user.client, "GET", me)
    await ask(admin.client, "POST", switch, json={"enabled": False})
    monkeypatch.setattr("modules.auth.service.api_keys.ApiKeyService.own_page", fail)
    await ask(user.client, "GET", "/api/v1/auth/api-keys")
    statuses = {200, 204, 206, 304, 400, 401, 403, 404, 405, 412, 413, 415, 416, 500, 503}
    assert statuses <= found


@pytest.mark.parametrize("overrides", [{"rate_limit_enabled": True, "public_url": "https://test"}])
async def test_an_answer_that_one_may_not_ask_again_is_dressed_too(client: AsyncClient) -> None:
    """HT-13: with status 429, and all responses over TLS."""
    answers = [await client.get("/api/v1/users/me") for _ in range(101)]
    assert answers[-1].status_code == 429 and answers[-1].headers["retry-after"]
    for each in answers:
        assert_dressed(each)
        assert each.headers["strict-transport-security"].startswith("max-age=63072000")


def assert_dressed(answer: Response) -> None:
    asked = (answer.request.method, answer.request.url.path, answer.status_code)
    for name, value in ON_EVERY_ANSWER.items():
        assert answer.headers.get(name) == value, (asked, name)
    assert {"Accept-Encoding", "Origin"} <= {*answer.headers["vary"].split(", ")}, asked
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy or "default-src 'self'" in policy, asked
    assert "frame-ancestors 'none'" in policy, asked
    assert answer.headers["cross-origin-resource-policy"] == "same-origin", asked
    assert answer.headers["cache-control"], asked
    assert not any(name in answer.headers for name in NEVER), asked
    if answer.status_code >= 400:
        assert answer.headers["cache-control"] == "no-store", asked


async def authorization(client: AsyncClient, user: TestUser) -> str:
    """Sign in again, because some of the tested routes end the session."""
    body = {"email": user.email, "password": user.password}
    answer = await client.post("/api/v1/auth/login", json=body)
    return f"Bearer {answer.json()['access_token']}"


async def fail(*_: Any) -> None:
    raise RuntimeError


JWKS = "/.well-known/jwks.json"
DOWNLOAD = "/api/v1/files/{file_id}/download"
BY_NAME = {JWKS: "public, max-age=300", DOWNLOAD: "private, no-cache, no-transform"}
"""The exceptions from the documented caching: a download is as private as its file."""


async def test_every_route_says_who_may_keep_its_answer(
    client: AsyncClient, admin: TestUser, user: TestUser
) -> None:
    """HT-14: as the contract requires, and equal for 304 (Not Modified)."""
    kept = set()
    for operation in await operations(client):
        for each in (admin, user) if operation.method == "GET" else ():
            path = operation.at(await things_of(each))
            answer = await each.client.get(path)
            expected = caching_of(operation, answer)
            assert answer.headers["cache-control"] == expected, (path, answer.status_code)
            assert {"Accept-Encoding", "Origin"} <= {*answer.headers["vary"].split(", ")}
            assert not may_be_shared(answer) or not operation.asks_who, path
            if etag := answer.headers.get("etag"):
                again = await each.client.get(path, headers={"if-none-match": etag})
                for name in ("cache-control", "vary"):
                    assert again.headers[name] == answer.headers[name], path
            kept.add((answer.status_code, expected))
    assert {(200, "private, no-cache, no-transform"), (200, "no-store")} <= kept
    assert {status for status, _ in kept} == {200, 401, 403}


def caching_of(operation: Operation, answer: Response) -> str:
    if answer.is_error:
        return "no-store"
    if operation.path in BY_NAME:
        return BY_NAME[operation.path]
    if not operation.has_etag:
        return "no-store"
    return "private, no-cache, no-transform" if operation.asks_who else "no-cache"


def may_be_shared(answer: Response) -> bool:
    """Return whether a shared cache may store the response (RFC 9111, section 3.5)."""
    said = {each.partition("=")[0] for each in answer.headers["cache-control"].split(", ")}
    return not said & {"no-store", "private"} and bool(said & {"public", "s-maxage"})


async def test_a_file_may_be_kept_by_whom_it_is_open_to(
    client: AsyncClient, user: TestUser
) -> None:
    """HT-14."""
    file = await upload(user.client)
    path = f"/api/v1/files/{file['id']}"
    assert (await client.get(f"{path}/download")).headers["cache-control"] == "no-store"
    await user.client.patch(path, json={"visibility": "public"})
    for each in (client, user.client):
        assert (await each.get(f"{path}/download")).headers["cache-control"] == "no-cache"
        assert (await each.get(path)).headers["cache-control"] != "no-cache", "what is known of it"


async def test_only_what_is_the_same_for_all_may_be_shared(
    client: AsyncClient, user: TestUser
) -> None:
    """HT-14: for paths outside the document too."""
    asset = await user.client.get(asset_url("atrium.css"))
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/", "/docs", "/docs/openapi.json", "/docs/problems", "/nowhere"):
        for each in (client, user.client):
            answer = await each.get(path)
            assert answer.headers["cache-control"] in ("no-store", "no-cache"), path


ME = "/api/v1/users/me"
NO_PLACES = [
    f"{ME}/x.css", f"{ME}%2Fx.css", f"{ME}/.css", f"{ME}/..%2Fx.css", f"{ME}%2F..%2Fme%2Fx.css",
    f"{ME}/%2e%2e/x.css", "/static/..%2Fapi/v1/users/me", "/static/%2e%2e/api/v1/users/me",
    "/static/x.css%2F..%2F..%2Fapi%2Fv1%2Fusers%2Fme",
]  # fmt: skip
NO_IDS = [f"{ME}{end}" for end in (";x.css", "%3Bx.css", ".css", "%3Fx.css", "%23x.css", "%00.css")]
"""Paths with an ending that makes the id of a user invalid."""


@pytest.mark.parametrize("backend", ["sqlite"])  # no request reaches the database
async def test_no_address_makes_a_profile_look_like_an_asset(
    client: AsyncClient, user: TestUser
) -> None:
    """HT-14: a proxy that caches by extension would serve the stored profile to others."""
    for path in NO_PLACES + NO_IDS:
        for method in ("GET", "HEAD"):
            for each in (user.client, client):
                answer = await each.request(method, path)
                assert answer.status_code == 404 or path in NO_IDS, (path, answer.status_code)
                assert answer.status_code in (400, 401, 404), path
                assert answer.headers["cache-control"] == "no-store"
                assert "etag" not in answer.headers and user.email not in answer.text
