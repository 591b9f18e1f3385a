"""Rate limits: each limit has a name, an amount and a time window.

Requests are counted in this process, or in a store for all processes. Without such a store, each of
several processes grants its share of the amount.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial
from time import time
from typing import NamedTuple, Protocol

from config.settings import Rate
from core.engine.http import Header
from core.kernel.context import RequestContext
from core.kernel.contributions import Contribution
from core.kernel.errors import TooManyRequests
from core.kernel.loading import as_wiring_error
from core.kernel.lru_dict import LruDict

MAX_CALLERS = 100_000
"""The callers that a process counts at most."""


class RateLimited(TooManyRequests):
    """The rate limit in `RateLimit-Policy` is used up for this time window."""

    code = "http.too_many_requests"
    title = "Too many requests."

    def __init__(self, standing: "RateLimitResult") -> None:
        super().__init__(retry_after_s=standing.resets_in_s)
        self.headers |= {name.decode(): value.decode() for name, value in standing.headers()}


@dataclass(frozen=True)
class RateLimit(Contribution):
    """A rate limit: a route has it by `limit="name"`, or a service gets it from `RateLimits`.

    `rate` is called once, at the start. Callers see the name in `RateLimit-Policy`.

    ```python
    limit = RateLimit("letters", lambda: Rate.parse("20/hour"))
    assert limit.rate() == Rate(amount=20, seconds=3600)
    ```
    """

    name: str
    rate: Callable[[], Rate]
    exact: bool = True
    """Count in one store over all workers. Otherwise, each worker without Redis grants its share of
    the amount, which costs no query."""


class RateLimitResult(NamedTuple):
    """The state of one limit for one caller after a request."""

    name: str
    rate: Rate
    granted: bool
    remaining: int
    resets_in_s: int

    def headers(self) -> tuple[Header, Header]:
        """Return `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers)."""
        policy, template = prepared(self.name, self.rate.amount, self.rate.seconds)
        return policy, (b"ratelimit", template % (self.remaining, self.resets_in_s))


@cache
def prepared(name: str, amount: int, seconds: int) -> tuple[Header, bytes]:
    policy = f'"{name}";q={amount};w={seconds}'.encode()
    return (b"ratelimit-policy", policy), f'"{name}";r=%d;t=%d'.encode()


class RateLimitStore(Protocol):
    """The store in which requests are counted, for this process or for all processes."""

    async def hit(self, name: str, rate: Rate, caller: str) -> RateLimitResult: ...
    async def close(self) -> None: ...


class RateLimits:
    def __init__(
        self,
        general: RateLimitStore,
        exact: RateLimitStore,
        limits: Iterable[RateLimit],
        *,
        enabled: bool,
        must_be_allowed: Callable[[str], None],
    ) -> None:
        self._general = general
        self._limits = {it.name: (exact if it.exact else general, rate_of(it)) for it in limits}
        self.enabled, self._must_be_allowed = enabled, must_be_allowed

    async def count(self, context: RequestContext, limit: str | None = None) -> Sequence[Header]:
        """Count a request per principal, or per client if there is none; return header fields.

        The further `limit` is always counted per client. Raises RateLimited.
        """
        if not self.enabled:
            return ()
        if (principal := context.principal) is not None:
            result = await self._hit("signed-in", principal.text)
        else:
            result = await self._hit("anonymous", context.client)
        if limit and result.granted:
            result = await self._hit(limit, context.client)
        if not result.granted:
            raise RateLimited(result)
        return result.headers()

    def of(self, name: str) -> "ServiceLimit":
        """Return the limit of this name, for the constructor of a service that counts it.

        Raises LookupError if no module contributes it, so that the application does not start.
        """
        if name not in self._limits:
            [nearest] = get_close_matches(name, self._limits, n=1, cutoff=0)
            raise LookupError(f"no module contributes the limit {name!r}; nearest is {nearest!r}")
        hit = partial(self._hit, name) if self.enabled else None
        return ServiceLimit(hit, self._must_be_allowed)

    async def close(self) -> None:
        await self._general.close()

    async def _hit(self, name: str, caller: str) -> RateLimitResult:
        """Count one request of `caller` (a client IP or an id) against the limit of this name.

        The start has checked the name: `of` that of a service, `OptionReader` that of a route.
        """
        counters, rate = self._limits[name]
        return await counters.hit(name, rate, caller)


class ServiceLimit:
    """A rate limit that a service counts, because the route cannot."""

    def __init__(
        self,
        hit: Callable[[str], Awaitable[RateLimitResult]] | None,
        must_be_allowed: Callable[[str], None],
    ) -> None:
        """Take the function that counts a request, or None if limits are switched off."""
        self._hit, self._must_be_allowed = hit, must_be_allowed

    async def check(self, caller: str) -> None:
        """Count one request of `caller`, and raise RateLimited if it exceeds the limit.

        Raises RuntimeError inside a transaction, because RateLimited would roll it back.
        """
        self._must_be_allowed("An attempt was counted")
        if self._hit and not (result := await self._hit(caller)).granted:
            raise RateLimited(result)


def rate_of(limit: RateLimit) -> Rate:
    with as_wiring_error(f"The rate of the limit {limit.name} cannot be read"):
        return limit.rate()


class Count:
    __slots__ = ("before", "hits", "window")

    def __init__(self, window: int) -> None:
        self.window, self.hits, self.before = window, 0, 0

    def move_to(self, window: int) -> None:
        self.before = self.hits if window == self.window + 1 else 0
        self.window, self.hits = window, 0


class LocalCounters:
    """Sliding windows in one mapping of limited size.

    The hits of the previous window count by the share of it that the sliding window still covers.
    """

    def __init__(self, share: int = 1) -> None:
        self._counts: LruDict[tuple[str, str], Count] = LruDict(MAX_CALLERS)
        self._share = share

    async def hit(self, name: str, rate: Rate, caller: str) -> RateLimitResult:
        seconds, at = rate.seconds, time()
        amount = max(1, rate.amount // self._share)
        window = int(at) // seconds
        left = (window + 1) * seconds - at
        count = self._counts.get((name, caller))
        if count is None:
            count = Count(window)
            self._counts.put((name, caller), count)
        elif count.window != window:
            count.move_to(window)
        used = count.hits + int(count.before * left / seconds)
        granted = used < amount
        count.hits += granted
        return RateLimitResult(name, rate, granted, max(0, amount - used - granted), int(left) + 1)

    async def close(self) -> None:
        """Discard the counts."""
        self._counts.clear()
