"""Races: how many start at the same moment, how often that is tried, and how they are let go."""

from asyncio import Barrier, create_task, gather
from collections.abc import Awaitable
from random import Random
from typing import TypeVar

CLIENTS, ROUNDS = 50, 20
"""Once proves little."""

T = TypeVar("T")
order = Random(1)  # noqa: S311


async def at_once(*acts: Awaitable[T]) -> list[T]:
    """What comes of each; all stand at one line before any is let go, in an order of chance."""
    line = Barrier(len(acts) + 1)

    async def run(act: Awaitable[T]) -> T:
        await line.wait()
        return await act

    places = order.sample(range(len(acts)), len(acts))
    tasks = {place: create_task(run(acts[place])) for place in places}
    await line.wait()
    return await gather(*(tasks[place] for place in range(len(acts))))
