"""Threads with a connection each: at most as many as calls at one time."""

import sqlite3
from asyncio import gather
from collections.abc import Iterator
from threading import Barrier, get_ident

import pytest

from core.engine.sql.sqlite.threads import ConnectionThreads

SIZE = 3
PATIENCE_S = 20


class Opened:
    """A count of the open connections."""

    def __init__(self) -> None:
        self.count = 0

    def connect(self) -> sqlite3.Connection:
        self.count += 1
        return sqlite3.connect(":memory:", check_same_thread=False)


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest.fixture
def threads(opened: Opened) -> Iterator[ConnectionThreads]:
    threads = ConnectionThreads("some", SIZE, opened.connect)
    yield threads
    threads.close()


def thread_of(_: sqlite3.Connection) -> int:
    return get_ident()


async def test_calls_after_each_other_share_one_connection(
    threads: ConnectionThreads, opened: Opened
) -> None:
    used = {await threads.run(thread_of) for _ in range(20)}
    assert (len(used), opened.count) == (1, 1)


async def test_calls_at_one_time_have_a_connection_each(
    threads: ConnectionThreads, opened: Opened
) -> None:
    meet = Barrier(SIZE)

    def wait_for_all(connection: sqlite3.Connection) -> int:
        meet.wait(PATIENCE_S)
        return thread_of(connection)

    for _ in range(2):
        used = await gather(*(threads.run(wait_for_all) for _ in range(SIZE)))
        assert (len(set(used)), opened.count) == (SIZE, SIZE)


async def test_there_are_never_more_connections_than_the_size(
    threads: ConnectionThreads, opened: Opened
) -> None:
    await gather(*(threads.run(thread_of) for _ in range(20 * SIZE)))
    assert opened.count <= SIZE


async def test_a_call_that_fails_leaves_its_thread_to_the_next(
    threads: ConnectionThreads, opened: Opened
) -> None:
    for _ in range(SIZE):
        with pytest.raises(sqlite3.OperationalError):
            await threads.run(lambda connection: connection.execute("SELECT nothing"))
    assert (await threads.run(lambda _: 1), opened.count) == (1, 1)


async def test_they_begin_once_more_after_they_are_closed(
    threads: ConnectionThreads, opened: Opened
) -> None:
    await threads.run(thread_of)
    threads.close()
    assert (await threads.run(lambda _: 1), opened.count) == (1, 2)
