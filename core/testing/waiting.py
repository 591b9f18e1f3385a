"""Waiting for work in the background, and for the clocks."""

from asyncio import sleep
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import TypeVar

from time_machine import travel

from core.kernel.clock import utc_now

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], wanted: T, within_s: float = 20.0) -> None:
    """Call `look` until it returns what is wanted, and fail if it does not within the time."""
    last = monotonic() + within_s
    while (found := await look()) != wanted:
        assert monotonic() < last, f"still {found}"
        await sleep(0.02)


@contextmanager
def later(**delta: float) -> Iterator[None]:
    """Set all clocks ahead by this `timedelta` for the time of the block; they go on."""
    with travel(utc_now() + timedelta(**delta)):
        yield
