"""Work that one process has taken: it says so again and again, until it is done or has died."""

from asyncio import create_task, gather, sleep
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from core.kernel.fallbacks import count_fallback

LEASE = timedelta(seconds=60)
"""After a crash, the work lies still for this long at most."""
RENEW_S = 20.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def renewed(renew: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
    """Keep the lease for as long as the block runs; `renew` says whether it is still ours."""
    keeping = create_task(keep(renew))
    try:
        yield
    finally:
        keeping.cancel()
        await gather(keeping, return_exceptions=True)


async def keep(renew: Callable[[], Awaitable[bool]]) -> None:
    ours = True
    while ours:
        await sleep(RENEW_S)
        try:
            ours = await renew()
        except Exception:
            count_fallback("lease")
            log.warning("lease_not_renewed", exc_info=True)
    log.warning("lease_lost")
