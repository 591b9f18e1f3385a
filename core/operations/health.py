"""Whether the parts work that modules say they need; asked together, and not too often."""

from asyncio import gather, timeout
from dataclasses import dataclass
from time import perf_counter

import structlog

from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.operations.contributions import HealthCheck
from core.web.lifecycle import Lifecycle

log = structlog.get_logger(__name__)

TIME_LIMIT_S = 2.0
REMEMBERED_S = 5.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    check: str
    name: str
    ok: bool
    ms: float
    reason: str | None


class HealthChecks:
    """Unauthenticated callers ask this, so an answer is kept for a while (ASVS 13.1)."""

    def __init__(self, contributions: Contributions, lifecycle: Lifecycle, clock: Clock) -> None:
        self._contributions, self._lifecycle, self._clock = contributions, lifecycle, clock
        self._known: list[CheckResult] = []
        self._asked_at = 0.0

    @property
    def stopping(self) -> bool:
        return self._lifecycle.stopping

    async def results(self) -> list[CheckResult]:
        """One result per check, at most five seconds old."""
        now = self._clock().timestamp()
        if not self._known or not 0 <= now - self._asked_at < REMEMBERED_S:
            checks = self._contributions.of(HealthCheck)
            self._known = await gather(*(ask(each) for each in checks))
            self._asked_at = now
        return self._known

    def forget(self) -> None:
        """The next one who asks gets a new answer."""
        self._known = []


async def ask(check: HealthCheck) -> CheckResult:
    name, started, reason = check.name.rpartition(".")[2], perf_counter(), None
    try:
        async with timeout(TIME_LIMIT_S):
            await check.check()
    except Exception as error:
        behind = None if isinstance(error, TimeoutError) else error.__cause__
        reason = type(behind or error).__name__
        log.warning("health_check_failed", check=check.name, exc_info=error)
    return CheckResult(
        check.name, name, reason is None, round((perf_counter() - started) * 1000, 1), reason
    )
