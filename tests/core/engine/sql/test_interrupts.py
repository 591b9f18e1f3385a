"""SQLite: an interrupt ends its own statement, and no other."""

import sqlite3
from asyncio import Event, get_running_loop, sleep, timeout
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.engine.sql.lanes import Overran
from core.engine.sql.sqlite.driver import open_connection
from core.engine.sql.sqlite.statements import Statement, StatementTimer
from core.engine.sql.sqlite.threads import ConnectionThreads

NUMBERS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)"
COUNT = f"{NUMBERS} select max(i) from n"  # noqa: S608 (of this file alone)


@pytest.fixture
def thread(tmp_path: Path) -> Iterator[ConnectionThreads]:
    threads = ConnectionThreads("one", 1, lambda: open_connection(str(tmp_path / "some.db")))
    yield threads
    threads.close()


def count(connection: sqlite3.Connection, *, upto: int) -> Any:
    return connection.execute(COUNT, [upto]).fetchall()[0][0]


endless = partial(count, upto=500_000_000)


async def test_one_that_is_late_is_ended_and_the_next_is_not(thread: ConnectionThreads) -> None:
    watch = StatementTimer()
    for _ in range(3):
        with pytest.raises(Overran):
            await watch.run(thread, Statement(0.05, endless))
        assert await watch.run(thread, Statement(20.0, partial(count, upto=200_000))) == 200_000
    watch.close()


async def test_ending_one_that_is_over_leaves_the_next_alone(thread: ConnectionThreads) -> None:
    loop, begun = get_running_loop(), Event()

    def second(connection: sqlite3.Connection) -> Any:
        loop.call_soon_threadsafe(begun.set)
        return count(connection, upto=1_000_000)

    first = Statement(None, partial(count, upto=10))
    assert await thread.run(first) == 10
    answer = thread.run(Statement(None, second))
    async with timeout(20):
        await begun.wait()
        while not answer.done():
            first.end()
            await sleep(0)
    assert await answer == 1_000_000


async def test_one_that_is_ended_before_its_turn_never_begins(thread: ConnectionThreads) -> None:
    loop, begun = get_running_loop(), Event()

    def first(connection: sqlite3.Connection) -> Any:
        loop.call_soon_threadsafe(begun.set)
        return endless(connection)

    long = Statement(None, first)
    running = thread.run(long)
    waiting = Statement(None, endless)
    answer = thread.run(waiting)
    waiting.end()
    async with timeout(20):
        await begun.wait()
        while not running.done():
            long.end()
            await sleep(0)
        assert isinstance(running.exception(), Overran)
        with pytest.raises(Overran):
            await answer


async def test_a_cancelled_write_goes_on_and_is_ended_when_it_is_late(
    thread: ConnectionThreads,
) -> None:
    watch, statement = StatementTimer(), Statement(0.1, endless)
    run = thread.run(watch.add(statement))
    await sleep(0.02)
    run.cancel()
    async with timeout(20):
        assert await thread.run(partial(count, upto=10)) == 10
    assert statement.done
    watch.close()
