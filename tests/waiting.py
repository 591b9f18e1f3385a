"""For what happens a moment later, by itself."""

from asyncio import sleep
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], wanted: T, within_s: float = 20.0) -> None:
    """Look again and again until it is as wanted; fails when it is not by then."""
    last = monotonic() + within_s
    while (found := await look()) != wanted:
        assert monotonic() < last, f"still {found}"
        await sleep(0.02)
