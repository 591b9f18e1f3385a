"""PostgreSQL's word that something was announced: a connection of its own, on which it listens.

While there is none, what others announce is found by asking every second, as it is without it.
"""

from asyncio import Event, sleep, timeout
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from core.data.invalidation_poller import CHANNEL
from core.kernel.fallbacks import count_fallback

ALIVE_EVERY_S = 15.0
"""A line that died in silence is noticed by then."""
PATIENCE_S = 5.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0

log = structlog.get_logger(__name__)


class InvalidationListener:
    def __init__(self, engine: AsyncEngine, notify: Callable[[], object]) -> None:
        """`notify` is called for each, and whenever some may have been missed."""
        self._engine, self._notify = engine, notify

    async def listen(self) -> None:
        """Connect, again and again, for as long as the application lives; on SQLite nobody does."""
        pause_s = SHORTEST_PAUSE_S
        while self._engine.dialect.name == "postgresql":
            try:
                async with self._listening() as connection:
                    pause_s = SHORTEST_PAUSE_S
                    self._notify()
                    await until_lost(connection)
            except Exception as error:
                count_fallback("notifications")
                log.warning("notifications_lost", reason=type(error).__name__, again_in_s=pause_s)
            await sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[Any]:
        lent = await self._engine.raw_connection()  # made as all others are
        connection: Any = lent.driver_connection
        lent.detach()  # and from now on it takes nobody's place
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._notify())
            yield connection
        finally:
            with suppress(Exception):  # it may be lost already
                await connection.close(timeout=PATIENCE_S)


async def until_lost(connection: Any) -> NoReturn:
    """Raises what asking over it raises then."""
    ended = Event()
    connection.add_termination_listener(lambda _: ended.set())
    while True:
        with suppress(TimeoutError):
            async with timeout(ALIVE_EVERY_S):
                await ended.wait()
        await connection.execute("SELECT 1", timeout=PATIENCE_S)
