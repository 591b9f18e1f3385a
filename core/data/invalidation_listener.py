"""A separate connection on which PostgreSQL notifies this process of announcements (`LISTEN`).

While there is no such connection, the poller still reads announcements every second.
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
"""The interval of the checks that find a connection that was lost without an error."""
ANSWER_TIMEOUT_S = 5.0
MIN_PAUSE_S, MAX_PAUSE_S = 1.0, 30.0

log = structlog.get_logger(__name__)


class InvalidationListener:
    def __init__(self, engine: AsyncEngine, notify: Callable[[], object]) -> None:
        """Call `notify` for each notification, and whenever one may have been missed."""
        self._engine, self._notify = engine, notify

    async def listen(self) -> None:
        """Listen until the application stops, and reconnect if needed; do nothing on SQLite."""
        pause_s = MIN_PAUSE_S
        while self._engine.dialect.name == "postgresql":
            try:
                async with self._listening() as connection:
                    pause_s = MIN_PAUSE_S
                    self._notify()
                    await until_lost(connection)
            except Exception as error:
                count_fallback("notifications")
                log.warning("notifications_lost", reason=type(error).__name__, again_in_s=pause_s)
            await sleep(pause_s)
            pause_s = min(MAX_PAUSE_S, pause_s * 2)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[Any]:
        lent = await self._engine.raw_connection()  # opened like all others
        connection: Any = lent.driver_connection
        lent.detach()  # takes no place in the pool any more
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._notify())
            yield connection
        finally:
            with suppress(Exception):  # it may be lost already
                await connection.close(timeout=ANSWER_TIMEOUT_S)


async def until_lost(connection: Any) -> NoReturn:
    """Wait until the connection is lost, and raise the error of the next query over it."""
    ended = Event()
    connection.add_termination_listener(lambda _: ended.set())
    while True:
        with suppress(TimeoutError):
            async with timeout(ALIVE_EVERY_S):
                await ended.wait()
        await connection.execute("SELECT 1", timeout=ANSWER_TIMEOUT_S)
