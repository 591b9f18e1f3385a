"""Two machines with one PostgreSQL: each has its own DATA_DIR, so they only share the database.

In most tests a machine polls once and keeps its caches for long, so notifications make the
difference.
"""

from asyncio import gather
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from pydantic import SecretStr
from sqlalchemy import text

from config.log_writer import LogWriter
from config.settings import Rate, Settings
from core.app import create_app
from core.data import invalidation_listener, invalidation_poller
from core.engine.sql import cache_versions
from core.security import redis_counters
from core.security.redis_counters import RedisCounters
from core.testing import TestUser, client_of, eventually
from core.testing.databases import BACKENDS
from core.wiring.container import CoreContainer
from core.wiring.plugin import CorePlugin
from tests.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.long

API = "/api/v1"
LONG_S = 3600.0
AT_MOST_S = 20.0
LISTENING = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
LISTENERS = text(f"SELECT count(*) {LISTENING}")
CUT_OFF = text(f"SELECT pg_terminate_backend(pid) {LISTENING}")
REQUESTS, GUESSES = 50, 20


@pytest.fixture(params=[each for each in BACKENDS if each == "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invalidation_poller, "POLL_EVERY_S", LONG_S)
    monkeypatch.setattr(cache_versions, "SILENCE", LONG_S)


@pytest.fixture
async def there(
    app: Litestar, settings: Settings, tmp_path: Path, log_lines: LogWriter
) -> AsyncIterator[Litestar]:
    """Yield the application of the other machine, which already listens."""
    own = settings.model_copy(update={"data_dir": tmp_path / "there"})
    second = create_app(own, lines=log_lines)
    async with second.lifespan():
        await eventually(lambda: listeners(app), 2)
        yield second


@pytest.fixture
async def asked(there: Litestar, user: TestUser) -> AsyncIterator[AsyncClient]:
    """Yield the client of the user on the other machine, which has the user in its caches."""
    authorization = user.client.headers["authorization"]
    async with client_of(there, authorization=authorization) as client:
        assert await status_of(client) == 200
        yield client


def core_of(app: Litestar) -> CoreContainer:
    container: CoreContainer = app.plugins.get(CorePlugin).container
    return container


async def listeners(app: Litestar) -> int:
    async with core_of(app).db().read() as reads:
        return int(await reads.scalar(LISTENERS))


async def status_of(client: AsyncClient, path: str = "/users/me") -> int:
    return (await client.get(f"{API}{path}")).status_code


async def guess(client: AsyncClient, number: int) -> int:
    body = {"email": f"nobody{number}@example.com", "password": "a wrong password"}
    return (await client.post(f"{API}/auth/login", json=body)).status_code


async def test_a_logout_is_heard_of(user: TestUser, asked: AsyncClient) -> None:
    assert (await user.client.post(f"{API}/auth/logout")).status_code == 204
    await eventually(lambda: status_of(asked), 401)


async def test_a_disabling_is_heard_of(user: TestUser, admin: TestUser, asked: AsyncClient) -> None:
    disabled = await admin.client.post(f"{API}/admin/users/{user.id}/disable")
    assert disabled.status_code == 204
    await eventually(lambda: status_of(asked), 401)


async def test_a_role_is_heard_of(user: TestUser, admin: TestUser, asked: AsyncClient) -> None:
    roles = f"{API}/admin/users/{user.id}/roles"
    assert await status_of(asked, "/admin/users") == 403
    for given, status in ((["admin", "member"], 200), (["member"], 403)):
        assert (await admin.client.put(roles, json={"roles": given})).status_code == 200
        await eventually(lambda: status_of(asked, "/admin/users"), status)


async def test_maintenance_is_heard_of(admin: TestUser, asked: AsyncClient) -> None:
    for enabled, status in ((True, 503), (False, 200)):
        switched = await admin.client.post(f"{API}/admin/maintenance", json={"enabled": enabled})
        assert switched.status_code == 200
        await eventually(lambda: status_of(asked), status)


@pytest.mark.fallbacks("notifications")
async def test_who_was_cut_off_listens_again(
    app: Litestar, user: TestUser, asked: AsyncClient
) -> None:
    async with core_of(app).db().transaction() as tx:
        assert len((await tx.session.scalars(CUT_OFF)).all()) == 2
    assert (await user.client.post(f"{API}/auth/logout")).status_code == 204
    await eventually(lambda: status_of(asked), 401)
    await eventually(lambda: listeners(app), 2)


async def test_a_machine_that_stops_leaves_no_connection(
    app: Litestar, settings: Settings, tmp_path: Path, log_lines: LogWriter
) -> None:
    second = create_app(settings.model_copy(update={"data_dir": tmp_path / "b"}), lines=log_lines)
    async with second.lifespan():
        await eventually(lambda: listeners(app), 2)
    await eventually(lambda: listeners(app), 1)


class TestDeaf:
    """No machine receives notifications: a change is seen at the next poll, after one second."""

    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(invalidation_listener, "CHANNEL", "elsewhere")
        monkeypatch.setattr(cache_versions, "SILENCE", LONG_S)

    async def test_a_logout_is_found_by_asking(self, user: TestUser, asked: AsyncClient) -> None:
        assert (await user.client.post(f"{API}/auth/logout")).status_code == 204
        await eventually(lambda: status_of(asked), 401)


@pytest.mark.redis
class TestWithRedis:
    """Machines with the production settings: a poll each second, and Redis for the limits."""

    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        patient = partial(RedisCounters, timeout_s=AT_MOST_S)
        monkeypatch.setattr(redis_counters, "RedisCounters", patient)

    @pytest.fixture
    def overrides(self, redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setenv("RATE_LIMIT_LOGIN", f"{GUESSES}/day")
        return {
            "redis_url": SecretStr(redis.url),
            "rate_limit_enabled": True,
            "rate_limit_anonymous": Rate(REQUESTS, 86400),
            "rate_limit_signed_in": Rate(100_000, 86400),
        }

    @pytest.mark.usefixtures("patience")
    async def test_requests_are_counted_together(
        self, client: AsyncClient, there: Litestar
    ) -> None:
        async with client_of(there) as other:
            asked = [status_of(each) for each in [client, other] * REQUESTS]
            statuses = await gather(*asked)
        assert (statuses.count(401), statuses.count(429)) == (REQUESTS, REQUESTS)

    async def test_guesses_are_counted_together(self, client: AsyncClient, there: Litestar) -> None:
        async with client_of(there) as other:
            turns = [client, other] * GUESSES
            statuses = [await guess(each, number) for number, each in enumerate(turns)]
        assert statuses == [401] * GUESSES + [429] * GUESSES

    async def test_a_logout_counts_at_both(self, user: TestUser, asked: AsyncClient) -> None:
        await test_a_logout_is_heard_of(user, asked)

    async def test_a_disabling_counts_at_both(
        self, user: TestUser, admin: TestUser, asked: AsyncClient
    ) -> None:
        await test_a_disabling_is_heard_of(user, admin, asked)

    async def test_maintenance_counts_at_both(self, admin: TestUser, asked: AsyncClient) -> None:
        await test_maintenance_is_heard_of(admin, asked)
