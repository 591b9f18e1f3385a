"""Leases: a process renews its claim on work until the work is done or the process dies."""

from asyncio import create_task, gather, sleep
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from core.kernel.fallbacks import count_fallback

LEASE = timedelta(seconds=60)
"""The time after which another process may claim the work of a crashed one."""
RENEW_S = 20.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def renewed(renew: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
    """Renew the lease while the block runs; `renew` returns whether this process still holds it."""
    keeping = create_task(keep(renew))
    try:
        yield
    finally:
        keeping.cancel()
        await gather(keeping, return_exceptions=True)


async def keep(renew: Callable[[], Awaitable[bool]]) -> None:
    held = True
    while held:
        await sleep(RENEW_S)
        try:
            held = await renew()
        except Exception:
            count_fallback("lease")
            log.warning("lease_not_renewed", exc_info=True)
    log.warning("lease_lost")
