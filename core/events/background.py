"""Work in the background: looked for every second or when woken, and stopped within a time."""

from asyncio import Event as Signal
from asyncio import Task, create_task, timeout, wait
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

POLL_S = 1.0
GRACE_S = 5.0
LAST_WORDS_S = 5.0  # for what a cancelled task still has to write down

Look = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)


class Background:
    """`look` finds what is to be done, and starts it; it is not called before `running`."""

    def __init__(self, look: Look, wake: Signal) -> None:
        self._look, self._wake = look, wake
        self._tasks: set[Task[None]] = set()
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look while the block runs; in the end let what was started finish, or cancel it."""
        self._stopping = False
        looking = create_task(self._look_again_and_again())
        try:
            yield
        finally:
            self._stopping = True
            self._wake.set()
            await ended({looking})
            await ended(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def finish(self) -> bool:
        """Wait for what runs now; False when there is nothing."""
        running = set(self._tasks)
        if running:
            await wait(running)
        return bool(running)

    async def _look_again_and_again(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                await self._look()
            except Exception:
                log.exception("background_unavailable")
            with suppress(TimeoutError):
                async with timeout(POLL_S):
                    await self._wake.wait()

    def _forget(self, task: Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()  # there is room again
        if not task.cancelled() and (error := task.exception()):
            log.error("background_task_failed", exc_info=error)


async def ended(tasks: set[Task[None]]) -> None:
    """What has not finished within the grace is cancelled."""
    if not tasks:
        return
    _, late = await wait(tasks, timeout=GRACE_S)
    for task in late:
        task.cancel()
    if late:
        await wait(late, timeout=LAST_WORDS_S)
