"""Background tasks: started by a poll each second or at a signal, stopped within a time limit."""

from asyncio import Event as Signal
from asyncio import Task, create_task, timeout, wait
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

import structlog

POLL_S = 1.0
GRACE_S = 5.0
CANCEL_TIMEOUT_S = 5.0  # the time in which a cancelled task may still write

Look = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)


class Background:
    """A loop that calls `look`, which starts due work; the loop runs only within `running`."""

    def __init__(self, look: Look, wake: Signal) -> None:
        self._look, self._wake = look, wake
        self._tasks: set[Task[None]] = set()
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the loop while the block runs; then wait for the started tasks, or cancel them."""
        self._stopping = False
        polling = create_task(self._poll())
        try:
            yield
        finally:
            self._stopping = True
            self._wake.set()
            await ended({polling})
            await ended(self._tasks)

    def start(self, work: Coroutine[object, object, None]) -> None:
        task = create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def finish(self) -> bool:
        """Wait for the running tasks; return False if there are none."""
        running = set(self._tasks)
        if running:
            await wait(running)
        return bool(running)

    async def _poll(self) -> None:
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
        self._wake.set()  # there is room for another task
        if not task.cancelled() and (error := task.exception()):
            log.error("background_task_failed", exc_info=error)


async def ended(tasks: set[Task[None]]) -> None:
    """Wait for the tasks, and cancel those that have not finished within GRACE_S."""
    if not tasks:
        return
    _, late = await wait(tasks, timeout=GRACE_S)
    for task in late:
        task.cancel()
    if late:
        await wait(late, timeout=CANCEL_TIMEOUT_S)
