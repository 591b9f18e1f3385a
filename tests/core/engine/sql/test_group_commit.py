"""The writer of SQLite: transactions that end before their last writes are performed."""

import sqlite3
from asyncio import Task, create_task, gather, sleep
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from time import sleep as block

import pytest

from core.engine.sql.compiled_statements import Rows
from core.engine.sql.errors import TooSlow
from core.engine.sql.sqlite import writer
from core.engine.sql.sqlite.writer import GroupCommit


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = f"{tmp_path}/test.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE letters (letter)")
    file.close()
    return path


@pytest.fixture
def group(path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GroupCommit]:
    """Yield the writer with short waits, as in a request."""
    monkeypatch.setattr(writer, "QUEUE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(writer, "LOCK_WAIT_S", 0.05)
    monkeypatch.setattr(writer, "is_limited", lambda: True)
    group = GroupCommit(path, 5.0)
    yield group
    group.close()


def whole(group: GroupCommit, letter: str) -> Task[Rows]:
    return create_task(group.perform_whole([("INSERT INTO letters VALUES (?)", (letter,))]))


def letters(path: str) -> list[str]:
    file = sqlite3.connect(path)
    found = [letter for (letter,) in file.execute("SELECT letter FROM letters")]
    file.close()
    return found


def watched(group: GroupCommit) -> int:
    return len(group._timer._running)


async def test_a_transaction_that_waits_for_too_long_is_no_longer_watched(
    group: GroupCommit, path: str
) -> None:
    await group.take_turn()
    for outcome in await gather(*(whole(group, "a") for _ in range(5)), return_exceptions=True):
        assert "queue to write" in str(outcome)
    assert watched(group) == 0
    group.turn.release()
    await whole(group, "b")
    assert letters(path) == ["b"]


async def test_transactions_that_cannot_begin_are_no_longer_watched(
    group: GroupCommit, path: str
) -> None:
    await group.thread.run(lambda connection: writer.set_lock_wait(connection, 0.05))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await whole(group, "a")
    assert watched(group) == 0
    other.execute("ROLLBACK")
    other.close()
    await whole(group, "b")
    assert letters(path) == ["b"]


async def test_a_late_transaction_fails_alone_when_the_writer_is_closed(
    group: GroupCommit, path: str
) -> None:
    """Its group is committed: "a" was executed, and "b" did not begin."""
    await group.take_turn()
    insert = "INSERT INTO letters VALUES ('a')"
    await group.run(monotonic(), [], lambda connection: connection.execute(insert).fetchall())
    late = whole(group, "b")
    await sleep(0)
    busy = group.thread.run(lambda connection: block(0.2))
    first = group.commit([])
    await sleep(0.01)
    group.close()
    outcomes = await gather(first, late, return_exceptions=True)
    await busy
    assert [type(outcome) for outcome in outcomes] == [tuple, TooSlow]
    assert letters(path) == ["a"]
    assert watched(group) == 0
