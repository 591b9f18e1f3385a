"""Races: many calls that start at the same time, several times."""

from asyncio import Barrier, create_task, gather
from collections.abc import Awaitable
from random import Random
from typing import TypeVar

CLIENTS, ROUNDS = 50, 20
"""The number of calls in one race, and the number of races in a test."""

T = TypeVar("T")
order = Random(1)  # noqa: S311


async def at_once(*acts: Awaitable[T]) -> list[T]:
    """Return the result of each; all wait at one barrier, and then start in a random order."""
    line = Barrier(len(acts) + 1)

    async def run(act: Awaitable[T]) -> T:
        await line.wait()
        return await act

    places = order.sample(range(len(acts)), len(acts))
    tasks = {place: create_task(run(acts[place])) for place in places}
    await line.wait()
    return await gather(*(tasks[place] for place in range(len(acts))))
