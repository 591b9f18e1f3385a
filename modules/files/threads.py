"""Blocking work beside the event loop."""

from asyncio import CancelledError, get_running_loop, shield, wait
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """Done to its end though the caller is cancelled, so that nobody else touches its file then."""
    running = get_running_loop().run_in_executor(None, work, *arguments)
    try:
        return await shield(running)
    except CancelledError:
        while not running.done():
            with suppress(CancelledError):
                await wait([running])
        raise
