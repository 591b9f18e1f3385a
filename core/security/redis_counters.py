"""Rate limits counted in Redis, for all instances together.

Redis does the arithmetic of `LocalCounters` by its own clock, in one call. While Redis is
unavailable, each process counts by itself: limits are looser, but never off (ASVS 16.5.2).
"""

from hashlib import sha256
from time import monotonic

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from config.settings import Rate
from core.kernel.fallbacks import count_fallback
from core.security.limits import RateLimitResult, RateLimitStore

COMMAND_TIMEOUT_S = 0.2
PAUSE_S = 1.0
"""The time without calls after a failure, so that not every request waits for Redis."""

COUNT = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local amount, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local window = math.floor(now / seconds)
local current, before = KEYS[1] .. ':' .. window, KEYS[1] .. ':' .. (window - 1)
local left = (window + 1) * seconds - now
local earlier = tonumber(redis.call('GET', before) or '0')
local used = tonumber(redis.call('GET', current) or '0') + math.floor(earlier * left / seconds)
local granted = used < amount and 1 or 0
if granted == 1 then
    redis.call('INCR', current)
    redis.call('EXPIRE', current, seconds * 2)
end
return {granted, math.max(0, amount - used - granted), math.floor(left) + 1}
"""

log = structlog.get_logger(__name__)


class RedisCounters:
    def __init__(
        self, url: str, fallback: RateLimitStore, timeout_s: float = COMMAND_TIMEOUT_S
    ) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=50,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            driver_info=None,  # else each new connection reads the version from the disk
        )
        self._redis = Redis.from_pool(pool)
        self._count = self._redis.register_script(COUNT)
        self._fallback = fallback
        self._not_before = 0.0

    async def hit(self, name: str, rate: Rate, caller: str) -> RateLimitResult:
        if monotonic() < self._not_before:
            return await self._fallback.hit(name, rate, caller)
        try:
            reply = await self._count(keys=[key_of(name, caller)], args=[rate.amount, rate.seconds])
        except (RedisError, OSError) as error:
            self._not_before = monotonic() + PAUSE_S
            count_fallback("redis")
            log.warning("redis_unavailable", reason=type(error).__name__)
            return await self._fallback.hit(name, rate, caller)
        granted, remaining, resets_in_s = reply
        return RateLimitResult(name, rate, bool(granted), remaining, resets_in_s)

    async def close(self) -> None:
        await self._redis.aclose()
        await self._fallback.close()


async def advice_about(url: str) -> str | None:
    """Return advice if Redis cannot be reached, without the URL, which may contain a password."""
    try:
        async with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as redis:
            await redis.ping()
    except (RedisError, OSError) as error:
        return (
            f"it does not respond ({type(error).__name__}): start it, or correct REDIS_URL; "
            "until then each process counts limits for itself."
        )
    return None


def key_of(name: str, caller: str) -> str:
    """Return the key in Redis: the caller, e.g. a client IP, is hashed.

    The braces keep the keys of one caller on one node.
    """
    return f"atrium:limit:{{{name}:{sha256(caller.encode()).hexdigest()[:32]}}}"
