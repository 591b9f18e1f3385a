"""One suite for every store of hits, and the tests of Redis, which counts for all processes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from config.settings import Rate
from core.data.engines import open_database
from core.engine.sql.cache_versions import CacheVersions
from core.kernel.clock import utc_now
from core.security.limits import LocalCounters, RateLimitStore
from core.security.redis_counters import PAUSE_S, RedisCounters
from core.testing import CLIENTS, ROUNDS, at_once
from core.testing.databases import BACKENDS, Databases
from core.web.shared_counters import SharedCounters
from tests.redis_server import RedisServer, redis_server

KINDS = [
    ("local",),
    pytest.param(("in_redis",), marks=pytest.mark.redis),
    *(("in_database", backend) for backend in BACKENDS),
]
TEN = Rate(10, 3600)
PATIENT = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def local() -> RateLimitStore:
    return LocalCounters()


@pytest.fixture
async def in_redis(request: pytest.FixtureRequest) -> AsyncIterator[RateLimitStore]:
    counters = RedisCounters(request.getfixturevalue("server").url, LocalCounters(), PATIENT)
    yield counters
    await counters.close()


@pytest.fixture
async def in_database(database_url: str, tmp_path: Path) -> AsyncIterator[RateLimitStore]:
    db = open_database(database_url, CacheVersions(tmp_path / "generations"))
    yield SharedCounters(db, utc_now)
    await db.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> str:
    """Return a database of the kind that the parameter of the test names."""
    return databases.fresh(request.node.callspec.params["counters"][1], tmp_path)


@pytest.fixture(params=KINDS, ids=" ".join)
def counters(request: pytest.FixtureRequest) -> RateLimitStore:
    found: RateLimitStore = request.getfixturevalue(request.param[0])
    return found


@pytest.mark.race
async def test_a_limit_grants_exactly_its_number_of_many_at_once(counters: RateLimitStore) -> None:
    for number in range(ROUNDS):
        hits = (counters.hit("exact", TEN, f"someone{number}") for _ in range(CLIENTS))
        standings = await at_once(*hits)
        assert sum(each.granted for each in standings) == 10
        assert sorted({each.remaining for each in standings}) == list(range(10))
        assert all(0 < each.resets_in_s <= 3600 for each in standings)


async def test_callers_and_limits_count_for_themselves(counters: RateLimitStore) -> None:
    for _ in range(11):
        last = await counters.hit("one", TEN, "a")
    assert not last.granted
    assert (await counters.hit("one", TEN, "b")).granted
    assert (await counters.hit("other", TEN, "a")).granted


async def test_a_share_is_never_nothing() -> None:
    counters = LocalCounters(share=4)
    assert (await counters.hit("small", Rate(2, 60), "a")).granted
    assert not (await counters.hit("small", Rate(2, 60), "a")).granted


@pytest.mark.race
@pytest.mark.redis
async def test_instances_count_together(server: RedisServer) -> None:
    one, other = (RedisCounters(server.url, LocalCounters(), PATIENT) for _ in range(2))
    for number in range(ROUNDS):
        both = (one, other) * (CLIENTS // 2)
        hits = [each.hit("shared", TEN, f"someone{number}") for each in both]
        assert sum(each.granted for each in await at_once(*hits)) == 10
    await one.close()
    await other.close()


@pytest.mark.redis
@pytest.mark.fallbacks("redis")
async def test_each_process_counts_for_itself_without_redis(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        counters = RedisCounters(server.url, LocalCounters(), PATIENT)
        assert (await counters.hit("away", TEN, "a")).remaining == 9
        server.stop()
        standings = [await counters.hit("away", TEN, "a") for _ in range(12)]
        assert sum(each.granted for each in standings) == 10, "limited all the same"
        await counters.close()


@pytest.mark.redis
@pytest.mark.parametrize(
    "commands",
    [
        [("FLUSHALL",)],
        [("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory-policy", "noeviction")],
        [("CONFIG", "SET", "requirepass", "other"), ("CLIENT", "KILL", "TYPE", "normal")],
    ],
    ids=["emptied", "full", "another password"],
)
@pytest.mark.fallbacks("redis")
async def test_a_limit_remains_with_a_redis_that_has_changed(
    tmp_path: Path, commands: list[tuple[str, ...]]
) -> None:
    with redis_server(tmp_path) as server:
        counters = RedisCounters(server.url, LocalCounters(), PATIENT)
        assert (await counters.hit("spoilt", TEN, "a")).remaining == 9
        async with Redis.from_url(server.url) as operator:
            for command in commands:
                await operator.execute_command(*command)  # type: ignore[no-untyped-call]
        standings = [await counters.hit("spoilt", TEN, "a") for _ in range(12)]
        assert sum(each.granted for each in standings) == 10
        await counters.close()


@pytest.mark.redis
async def test_a_redis_that_does_not_answer_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, waits = 1000.0, list[str]()
    monkeypatch.setattr("core.security.redis_counters.monotonic", lambda: now)
    monkeypatch.setattr("core.security.redis_counters.count_fallback", waits.append)
    with redis_server(tmp_path) as server:
        counters = RedisCounters(server.url, LocalCounters())
        with server.frozen():
            assert (await counters.hit("frozen", TEN, "a")).granted
            standings = [await counters.hit("frozen", TEN, "a") for _ in range(12)]
            assert sum(each.granted for each in standings) == 9
            assert waits == ["redis"], "not by each of them"
            now += PAUSE_S
            await counters.hit("frozen", TEN, "a")
            assert waits == ["redis"] * 2
        await counters.close()
