"""Real processes: they share the work, and another one replaces a process that dies."""

import sys
from asyncio import create_subprocess_exec, gather
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from core.data.database import Database
from core.events.models import Delivery
from core.kernel.clock import utc_now
from tests.core.events.processes import Packing, Process, effects, listener, waiting

pytestmark = [pytest.mark.process, pytest.mark.anyio]

PROGRAM = [sys.executable, "-m", "tests.core.events.processes"]


@asynccontextmanager
async def processes(count: int, url: str, folder: Path, mode: str) -> AsyncIterator[list[int]]:
    """Yield processes that start and continue together; they have exit statuses after the block."""
    program = [*PROGRAM, url, str(folder), mode]
    started = [
        await create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE) for _ in range(count)
    ]
    statuses: list[int] = []
    for each in started:
        assert each.stdout and await each.stdout.readline() == b"ready\n"
    yield statuses
    await gather(*(each.communicate(b"go\n") for each in started))
    statuses += [each.returncode or 0 for each in started]


@pytest.mark.parametrize("mode", ["apart", "whole"])
async def test_two_processes_deliver_each_event_once(
    db: Database, url: str, tmp_path: Path, mode: str
) -> None:
    whats = [f"{number:03}" for number in range(80)]
    async with processes(2, url, tmp_path, mode) as statuses:
        await Process(db, utc_now, listener(Packing(db))).order(*whats)
    assert statuses == [0, 0]
    assert (sorted(await effects(db)), await waiting(db)) == (whats, 0)


@pytest.mark.parametrize(("mode", "left_behind"), [("die", ["tea"]), ("die-whole", [])])
async def test_what_a_process_died_over_is_delivered_by_the_next(
    db: Database, url: str, tmp_path: Path, mode: str, left_behind: list[str]
) -> None:
    """The process dies before it marks the delivery as done; a transactional effect is undone."""
    process = Process(db, utc_now, listener(Packing(db)))
    await process.order("tea")
    async with processes(1, url, tmp_path, mode) as statuses:
        pass
    assert statuses == [9]
    assert (await effects(db), await waiting(db)) == (left_behind, 1)
    await process.relay.deliver_all()
    assert await waiting(db) == 1, "the lease still holds"

    async with db.transaction() as tx:
        await tx.session.execute(update(Delivery).values(due_at=utc_now() - timedelta(seconds=1)))
    await process.relay.deliver_all()
    assert (await effects(db), await waiting(db)) == ([*left_behind, "tea"], 0)
