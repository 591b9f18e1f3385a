"""Redis is down or has lost its data: limits hold, a logout is effective at once (FT-08)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from pydantic import SecretStr
from redis import Redis

from config.settings import Rate
from core.security import redis_counters
from core.security.redis_counters import RedisCounters
from core.testing import PASSWORD, TestUser
from tests.redis_server import RedisServer, redis_server

pytestmark = [pytest.mark.redis, pytest.mark.fallbacks("redis")]

AUTH, OWN = "/api/v1/auth", "/api/v1/users/me"
DAY_S = 86400
GUESSES, REGISTRATIONS = 6, 4
PATIENT_S, FROZEN_S = 30.0, 2.0
"""Timeouts in seconds; the long one lets a busy machine respond."""
Fault = Callable[[RedisServer], AbstractContextManager[None]]


@contextmanager
def stopped(redis: RedisServer) -> Iterator[None]:
    redis.stop()
    yield


@contextmanager
def told(*commands: str, redis: RedisServer) -> Iterator[None]:
    with operator(redis) as connection:
        for each in commands:
            connection.execute_command(each)
    yield


def operator(redis: RedisServer) -> Redis:
    return Redis.from_url(redis.url)


FAULTS: dict[str, Fault] = {
    "stopped": stopped,
    "emptied": lambda redis: told("FLUSHALL", redis=redis),
    "full": lambda redis: told("CONFIG SET maxmemory 1", redis=redis),
    "another password": lambda redis: told(
        "CONFIG SET requirepass other", "CLIENT KILL TYPE normal SKIPME yes", redis=redis
    ),
    "frozen": RedisServer.frozen,
}


@pytest.fixture
def backend() -> str:
    return "sqlite"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture(params=FAULTS, autouse=True)
def fault(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Fault:
    """Return a fault of Redis; after a timeout Redis is not called again."""
    patience_s = FROZEN_S if request.param == "frozen" else PATIENT_S
    patient = partial(RedisCounters, timeout_s=patience_s)
    monkeypatch.setattr(redis_counters, "RedisCounters", patient)
    monkeypatch.setattr(redis_counters, "PAUSE_S", DAY_S)
    return FAULTS[request.param]


@pytest.fixture
def overrides(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("RATE_LIMIT_LOGIN", f"{GUESSES}/day")
    monkeypatch.setenv("RATE_LIMIT_REGISTER", f"{REGISTRATIONS}/day")
    return {
        "redis_url": SecretStr(redis.url),
        "rate_limit_enabled": True,
        "rate_limit_anonymous": Rate(100_000, DAY_S),
        "rate_limit_signed_in": Rate(100_000, DAY_S),
    }


async def guess(client: AsyncClient, number: int) -> int:
    body = {"email": f"nobody{number}@example.com", "password": "a wrong password"}
    return (await client.post(f"{AUTH}/login", json=body)).status_code


async def sign_up(client: AsyncClient, number: int) -> int:
    body = {"name": "New", "email": f"new{number}@example.com", "password": PASSWORD}
    return (await client.post(f"{AUTH}/register", json=body)).status_code


async def test_sign_in_is_limited_all_the_same(
    client: AsyncClient, redis: RedisServer, fault: Fault
) -> None:
    """The count continues or restarts, and never allows unlimited attempts."""
    assert (await guess(client, 0), await sign_up(client, 0)) == (401, 201)
    with operator(redis) as connection:
        assert connection.dbsize() > 2, "it is Redis that counts"
    with fault(redis):
        guesses = [await guess(client, number) for number in range(1, 2 * GUESSES)]
        assert guesses == [401] * GUESSES + [429] * (GUESSES - 1)
        people = [await sign_up(client, number) for number in range(1, 2 * REGISTRATIONS)]
        assert people == [201] * REGISTRATIONS + [429] * (REGISTRATIONS - 1)


async def test_who_is_signed_in_goes_on_until_the_logout(
    client: AsyncClient, user: TestUser, redis: RedisServer, fault: Fault
) -> None:
    with fault(redis):
        assert (await client.get("/health/ready")).status_code == 200
        assert (await user.client.get(OWN)).status_code == 200
        renamed = await user.client.patch(OWN, json={"name": "Another Name"})
        assert renamed.status_code == 200
        assert (await user.client.post(f"{AUTH}/logout")).status_code == 204
        assert (await user.client.get(OWN)).status_code == 401
        token = {"refresh_token": user.tokens["refresh_token"]}
        assert (await client.post(f"{AUTH}/refresh", json=token)).status_code == 401
        credentials = {"email": user.email, "password": PASSWORD}
        assert (await client.post(f"{AUTH}/login", json=credentials)).status_code == 200
