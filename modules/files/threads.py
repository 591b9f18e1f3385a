"""Blocking work in threads beside the event loop."""

from asyncio import CancelledError, get_running_loop, shield, wait
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


async def in_thread(work: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """Run `work` in a thread, to its end even if the caller is cancelled.

    So no other code uses the file of the work while the thread does.
    """
    running = get_running_loop().run_in_executor(None, work, *arguments)
    try:
        return await shield(running)
    except CancelledError:
        while not running.done():
            with suppress(CancelledError):
                await wait([running])
        raise
