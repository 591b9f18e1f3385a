"""The rules for every response of every route."""

from asyncio import gather
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from litestar import Litestar

from core.testing import TestUser

USERS = "/api/v1/users"
ONE = {"name": "Somebody New", "email": "new@example.com", "password": "a long and plain sentence"}


def is_dressed(answer: Response) -> bool:
    return (
        answer.headers["x-content-type-options"] == "nosniff"
        and "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        and answer.headers["vary"].startswith("Accept-Encoding, Origin")
        and answer.headers["referrer-policy"] == "no-referrer"
        and "server" not in answer.headers
    )


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/health", {}, 200),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/api/v1/users/me/x.css", {}, 404),
        ("PUT", "/health", {}, 405),
        ("TRACE", "/health", {}, 405),
        ("PROPFIND", "/health", {}, 405),
        ("GET", "/api/v1/users/me", {}, 401),
        ("GET", "/api/v1/hello/Ada?x=1", {}, 400),
        ("GET", "/", {"host": "evil.example"}, 421),
        ("GET", "/", {"host": "a b"}, 400),
        ("GET", "/health?" + "x" * 9000, {}, 414),
        ("GET", "/health", {f"x-{n}": "1" for n in range(101)}, 431),
        ("GET", "/health", {"x-long": "x" * 17_000}, 431),
        ("OPTIONS", "/health", {}, 204),
    ],
)
async def test_every_answer_is_dressed(
    client: AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.request(method, path, headers=headers | {"x-request-id": "my-request-1"})
    assert answer.status_code == status
    assert is_dressed(answer)
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert body["request_id"] == answer.headers["x-request-id"]
        assert body["instance"] == f"/requests/{body['request_id']}"
        assert body["type"] == f"http://test/docs/problems/{body['code']}"


@pytest.mark.parametrize(
    ("given", "taken"), [("a" * 128, True), ("short", False), ("a b" * 9, False)]
)
async def test_a_well_formed_request_id_is_taken(
    client: AsyncClient, given: str, taken: bool
) -> None:
    answer = await client.get("/health", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is taken


async def test_head_is_answered_wherever_get_is(client: AsyncClient, admin: TestUser) -> None:
    for path in ("/health", "/api/v1/users/me", USERS):
        got, head = await admin.client.get(path), await admin.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
        assert head.headers.get("etag") == got.headers.get("etag")
    assert (await client.head("/api/v1/users/me")).status_code == 401


async def test_what_a_user_registers_is_that_users(client: AsyncClient) -> None:
    answer = await client.post("/api/v1/auth/register", json=ONE)
    place = f"http://test{USERS}/{answer.json()['id']}"
    assert (answer.status_code, answer.headers["location"]) == (201, place)
    assert answer.headers["cache-control"] == "private, no-cache, no-transform"
    assert answer.headers["etag"]


async def test_an_address_that_is_not_there_has_no_options(client: AsyncClient) -> None:
    for path in ("/nowhere", "/api/v1/nowhere", "/api/v1/users/me/nowhere/x"):
        options, got = await client.options(path), await client.get(path)
        assert (options.status_code, options.json()["code"]) == (404, "http.not_found")
        assert "allow" not in options.headers
        assert options.headers["cache-control"] == got.headers["cache-control"]


async def test_a_method_that_is_not_there_says_which_are(client: AsyncClient) -> None:
    answer = await client.put(USERS)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    options = await client.options(USERS)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{} {}",
        b"'a'",
        b"\xef\xbb\xbf{}",
        b'{"title":"\xff"}',
        b'{"title":"a","title":"b"}',
        b'{"title":"a","\\u0074itle":"b"}',
        b'{"title":NaN}',
        b'{"title":1e400}',
        b'{"title":9007199254740993}',
        b"[" * 33 + b"]" * 33,
        b"[" * 100_000,
        b"null",
        b"[]",
        b'"x"',
        b'{"name":1}',
        b'{"name":"a\\u0000"}',
        b'{"name":"\\ud800"}',
    ],
)
async def test_a_body_that_could_mean_two_things_is_refused(
    admin: TestUser, content: bytes
) -> None:
    headers = {"content-type": "application/json"}
    answer = await admin.client.post(USERS, content=content, headers=headers)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/jsonx", "application/json;charset=utf-16", "multipart/x"],
)
async def test_only_json_is_read_as_json(admin: TestUser, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await admin.client.post(USERS, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "http.not_json")


async def test_a_patch_says_what_it_takes(user: TestUser) -> None:
    answer = await user.client.patch("/api/v1/users/me", content=b"x")
    assert answer.status_code == 415
    assert "application/merge-patch+json" in answer.headers["accept-patch"]


async def test_a_large_body_is_refused(admin: TestUser) -> None:
    answer = await admin.client.post(USERS, json=ONE | {"name": "x" * 300_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "http.too_large")


@pytest.mark.parametrize(
    "query", ["pagee=1", "page=1&page=2", "page=0", "page=1.0", "page=%D9%A1", "per_page=101",
              "sort=nothing", "sort=name,name", "search=%E2%80%AE", "total=x&cursor="]
)  # fmt: skip
async def test_a_bad_query_names_the_parameter(admin: TestUser, query: str) -> None:
    answer = await admin.client.get(f"{USERS}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["location"].startswith("query")


async def test_pages_name_their_neighbours(admin: TestUser) -> None:
    for number in range(2):
        await admin.client.post(USERS, json=ONE | {"email": f"{number}@example.com"})
    answer = await admin.client.get(f"{USERS}?per_page=1&page=2")
    links = answer.headers["link"].split(", ")
    assert f'<http://test{USERS}?per_page=1&page=3>; rel="next"' in links
    assert f'<http://test{USERS}?per_page=1&page=1>; rel="prev"' in links
    past = await admin.client.get(f"{USERS}?per_page=1&page=9")
    assert f'<http://test{USERS}?per_page=1&page=3>; rel="prev"' in past.headers["link"]
    assert 'rel="next"' not in past.headers["link"]
    assert (past.status_code, past.json()["data"], past.json()["total"]) == (200, [], 3)


async def test_only_listed_origins_may_read(client: AsyncClient) -> None:
    origin = {"origin": "http://elsewhere.example"}
    assert (
        "access-control-allow-origin" not in (await client.get("/health", headers=origin)).headers
    )


class TestWithAnOrigin:
    @pytest.fixture
    def overrides(self) -> dict[str, Any]:
        return {"cors_origins": ("http://app.example",)}

    async def test_a_browser_is_told_what_it_may(self, client: AsyncClient) -> None:
        origin = {"origin": "http://app.example"}
        answer = await client.get("/nowhere", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "http://app.example"
        assert "ETag" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
        asking = origin | {"access-control-request-method": "PUT"}
        preflight = await client.options("/api/v1/users/me", headers=asking)
        assert preflight.status_code == 204
        assert "PUT" in preflight.headers["access-control-allow-methods"]
        assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]


@pytest.mark.usefixtures("patience")
async def test_a_compressed_list_is_the_same_list(admin: TestUser) -> None:
    people = (ONE | {"email": f"{number}@example.com"} for number in range(10))
    await gather(*(admin.client.post(USERS, json=each) for each in people))
    plain = await admin.client.get(USERS, headers={"accept-encoding": "identity"})
    packed = await admin.client.get(USERS, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    me = await admin.client.get("/api/v1/users/me", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in me.headers and "etag" in me.headers


async def ask_from(app: Litestar, host: str) -> Response:
    """Send a request from this client IP."""
    transport = ASGITransport(app, client=(host, 1))  # type: ignore[arg-type]
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/api/v1/nowhere")


class TestWithLimits:
    @pytest.fixture
    def overrides(self) -> dict[str, Any]:
        return {
            "rate_limit_enabled": True,
            "rate_limit_anonymous": "5/hour",
            "cors_origins": ("http://localhost:3000",),
        }

    async def test_unknown_paths_count_too(self, client: AsyncClient) -> None:
        answers = [await client.get(f"/api/v1/nowhere/{number}?x=1") for number in range(6)]
        assert [each.status_code for each in answers] == [404] * 5 + [429]
        assert answers[0].headers["ratelimit-policy"] == '"anonymous";q=5;w=3600'
        assert answers[-1].headers["retry-after"].isdecimal()
        assert (await client.get("/health")).status_code == 200

    @pytest.mark.parametrize("below", ["/auth/nowhere", "/auth/mfa/totp", "/users/me/x", "", "/"])
    async def test_unknown_paths_below_others_count_too(
        self, client: AsyncClient, below: str
    ) -> None:
        answers = [await client.get(f"/api/v1{below}") for _ in range(6)]
        assert [each.status_code for each in answers] == [404] * 5 + [429]
        assert (await client.get("/api/v10")).status_code == 404

    async def test_unknown_paths_count_for_every_method(self, client: AsyncClient) -> None:
        methods = ("OPTIONS", "TRACE", "PROPFIND", "PUT", "DELETE")
        answers = [await client.request(method, f"{USERS}/me/x") for method in methods]
        assert [each.status_code for each in answers] == [404] * 5
        assert (await client.request("TRACE", "/api/v1/nowhere")).status_code == 429

    async def test_options_counts_like_every_method(self, client: AsyncClient) -> None:
        answers = [await client.options(f"{USERS}/me") for _ in range(6)]
        assert [each.status_code for each in answers] == [204] * 5 + [429]
        assert answers[0].headers["ratelimit"].startswith('"anonymous";r=4;')
        assert (await client.get(f"{USERS}/me")).status_code == 429
        assert (await client.options("/health")).status_code == 204

    async def test_options_of_a_signed_in_user_counts_for_that_user(self, user: TestUser) -> None:
        answer = await user.client.options(f"{USERS}/me")
        assert answer.headers["ratelimit-policy"] == '"signed-in";q=600;w=60'

    @pytest.mark.parametrize("origin", ["http://localhost:3000", "http://elsewhere.example"])
    @pytest.mark.parametrize("path", ["/users/me", "/nowhere", ""])
    async def test_preflights_count_for_every_origin_and_path(
        self, client: AsyncClient, origin: str, path: str
    ) -> None:
        asking = {"origin": origin, "access-control-request-method": "PUT"}
        answers = [await client.options(f"/api/v1{path}", headers=asking) for _ in range(6)]
        assert [each.status_code for each in answers] == [204] * 5 + [429]
        assert answers[-1].json()["code"] == "http.too_many_requests"
        assert (await client.options("/health", headers=asking)).status_code == 204

    async def test_an_ipv6_client_is_its_network(self, app: Litestar) -> None:
        hosts = [f"2001:db8:1:2::{number}" for number in range(6)]
        statuses = [(await ask_from(app, host)).status_code for host in hosts]
        assert statuses == [404] * 5 + [429]
        assert (await ask_from(app, "2001:db8:1:3::1")).status_code == 404

    async def test_an_ipv4_client_is_one_however_its_address_is_written(
        self, app: Litestar
    ) -> None:
        hosts = ["192.0.2.1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1"] * 2
        statuses = [(await ask_from(app, host)).status_code for host in hosts]
        assert statuses == [404] * 5 + [429]
        assert (await ask_from(app, "::ffff:192.0.2.2")).status_code == 404

    async def test_methods_that_an_address_does_not_know_count_too(
        self, client: AsyncClient
    ) -> None:
        methods = ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "PUT")
        answers = [await client.request(method, f"{USERS}?x=1") for method in methods]
        assert [each.status_code for each in answers] == [405] * 5 + [429]
        for each in answers[:5]:
            assert each.headers["allow"] == "GET, HEAD, OPTIONS, POST"
            assert each.headers["ratelimit-policy"] == '"anonymous";q=5;w=3600'
        beyond = await client.put("/health")
        assert beyond.status_code == 405 and "ratelimit" not in beyond.headers
