"""The health checks that modules contribute, run at the same time and cached for a while."""

from asyncio import gather, timeout
from dataclasses import dataclass
from time import perf_counter

import structlog

from core.engine.http import Lifecycle
from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.operations.contributions import HealthCheck

log = structlog.get_logger(__name__)

TIME_LIMIT_S = 2.0
CACHED_S = 5.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    check: str
    name: str
    ok: bool
    ms: float
    reason: str | None


class HealthChecks:
    """The cached results of the health checks, because callers are unauthenticated (ASVS 13.1)."""

    def __init__(self, contributions: Contributions, lifecycle: Lifecycle, clock: Clock) -> None:
        self._contributions, self._lifecycle, self._clock = contributions, lifecycle, clock
        self._results: list[CheckResult] = []
        self._checked_at = 0.0

    @property
    def stopping(self) -> bool:
        return self._lifecycle.stopping

    async def results(self) -> list[CheckResult]:
        """Return one result per check, at most five seconds old."""
        now = self._clock().timestamp()
        if not self._results or not 0 <= now - self._checked_at < CACHED_S:
            checks = self._contributions.of(HealthCheck)
            self._results = await gather(*(ask(check) for check in checks))
            self._checked_at = now
        return self._results

    def forget(self) -> None:
        """Discard the cached results, so that the next call runs the checks."""
        self._results = []


async def ask(check: HealthCheck) -> CheckResult:
    name, started, reason = check.name.rpartition(".")[2], perf_counter(), None
    try:
        async with timeout(TIME_LIMIT_S):
            await check.check()
    except Exception as error:
        cause = None if isinstance(error, TimeoutError) else error.__cause__
        reason = type(cause or error).__name__
        log.warning("health_check_failed", check=check.name, exc_info=error)
    return CheckResult(
        check.name, name, reason is None, round((perf_counter() - started) * 1000, 1), reason
    )
