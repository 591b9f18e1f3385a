from asyncio import Event

import pytest
from httpx import AsyncClient

from core.kit import HealthCheck
from core.testing import CoreContainer, TestUser, without_database


async def test_the_service_says_that_it_is_there(client: AsyncClient) -> None:
    answer = await client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "healthy" and answer.json()["service"] == "Atrium"


@pytest.mark.parametrize(
    ("host", "status"),
    [(None, 400), ("10.0.0.5:8000", 421), ("evil.example", 421), ("a b", 400), ("a/b?", 400)],
)
async def test_health_is_answered_whatever_the_host(
    client: AsyncClient, host: str | None, status: int
) -> None:
    """A probe sends the IP address as the host, or HTTP/1.0 without a Host field."""

    async def ask(path: str) -> int:
        request = client.build_request("GET", path, headers={"host": host or "test"})
        if host is None:
            del request.headers["host"]
        return (await client.send(request)).status_code

    for path in ("/health", "/health/live", "/health/ready"):
        assert await ask(path) == 200
    for path in ("/", "/metrics", "/healthy", "/docs", "/api/v1/users/me"):
        assert await ask(path) == status, path


async def test_readiness_tells_everyone_what_is_down_but_not_why(
    client: AsyncClient, core: CoreContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = await client.get("/health/ready")
    assert ready.status_code == 200 and ready.json()["checks"]["database"] == "ok"
    assert "details" not in ready.json()

    async def broken() -> None:
        raise ConnectionError("secret-host refused")

    database, *_ = core.contributions().of(HealthCheck, "core")
    monkeypatch.setitem(vars(database), "check", broken)
    core.health().forget()
    down = await client.get("/health/ready")
    assert (down.status_code, down.json()["code"]) == (503, "health.not_ready")
    assert down.json()["checks"]["database"] == "down"
    assert "secret-host" not in down.text and "retry-after" in down.headers


async def test_a_check_that_takes_too_long_is_down(
    admin: TestUser, core: CoreContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.operations.health.TIME_LIMIT_S", 0.01)
    database, *_ = core.contributions().of(HealthCheck, "core")
    monkeypatch.setitem(vars(database), "check", Event().wait)
    core.health().forget()
    down = await admin.client.get("/health/ready")
    assert (down.status_code, down.json()["checks"]["database"]) == (503, "down")
    assert down.json()["details"]["database"]["reason"] == "TimeoutError"


@pytest.mark.needs("posts")
@pytest.mark.fallbacks("maintenance", "announcements")
async def test_the_process_is_up_without_a_database(
    client: AsyncClient, core: CoreContainer
) -> None:
    core.cache_versions().advance(["maintenance"])
    with without_database(core):
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health")).json()["status"] == "healthy"
        assert (await client.get("/docs")).status_code == 200
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "down")
        assert (await client.get("/api/v1/posts")).status_code == 503


async def test_an_admin_learns_the_reasons(admin: TestUser) -> None:
    details = (await admin.client.get("/health/ready")).json()["details"]
    assert details["database"]["ok"] is True


async def test_a_process_that_stops_is_not_ready(client: AsyncClient, core: CoreContainer) -> None:
    core.lifecycle().stopping = True
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The instance is shutting down.")
    assert (await client.get("/health/live")).status_code == 200


async def test_a_browser_gets_a_page_and_a_client_json(client: AsyncClient) -> None:
    page = await client.get("/", headers={"accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    root = await client.get("/")
    assert root.json()["health"] == "http://test/health"


async def test_figures_are_sent_as_the_document_says(client: AsyncClient) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    [kind] = document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]
    assert (await client.get("/metrics")).headers["content-type"] == kind


async def test_figures_are_open_outside_production(client: AsyncClient) -> None:
    await client.get("/health")
    figures = (await client.get("/metrics")).text
    assert 'module="health",route="/health"' in figures


class TestWithAToken:
    @pytest.fixture(autouse=True)
    def token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("METRICS_TOKEN", "a-long-enough-token")

    async def test_figures_take_it(self, client: AsyncClient) -> None:
        wrong, challenge = {"authorization": "Bearer another-token-here"}, 'Bearer realm="atrium"'
        refused = await client.get("/metrics")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, challenge)
        refused, challenge = await client.get("/metrics", headers=wrong), f"{challenge}, error="
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == f'{challenge}"invalid_token"'
        right = {"authorization": "Bearer a-long-enough-token"}
        assert (await client.get("/metrics", headers=right)).status_code == 200
