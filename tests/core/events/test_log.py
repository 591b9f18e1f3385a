"""The deliveries that admins see, and the operations on them."""

from dataclasses import replace
from typing import Any

import pytest

from core.data.database import Database
from core.events.deliveries import Deliveries
from core.events.errors import DeliveryNotFound, DeliveryRunning
from core.events.relay import ATTEMPTS, MAX_WAIT_S
from core.kernel.ids import uuid7
from core.kernel.pages import PageRequest
from tests.core.events.processes import FakeClock, Packing, Process, effects, listener, waiting

pytestmark = pytest.mark.anyio

EVERYTHING = PageRequest(sort="created_at")


@pytest.fixture
def packing(db: Database) -> Packing:
    return Packing(db, failures=ATTEMPTS)


@pytest.fixture
async def process(db: Database, clock: FakeClock, packing: Packing) -> Process:
    """Return a process with deliveries that are dead, failed, waiting, running and due."""
    process = Process(db, clock, listener(packing))
    await process.order("dead")
    for _ in range(ATTEMPTS):
        await process.relay.deliver_all()
        clock.wait(seconds=MAX_WAIT_S)
    packing.failures = 1
    await process.order("failed")
    await process.relay.deliver_all()
    await Process(db, clock, listener(packing, "removed.log")).order("removed")
    clock.wait(milliseconds=1)
    await process.order("running")
    await Deliveries(db, clock, ["shop.pack"]).claim({"shop.pack": 1})
    clock.wait(milliseconds=1)
    await process.order("pending")
    return process


async def rows(process: Process, **filters: str) -> list[Any]:
    return list((await process.log.page(replace(EVERYTHING, filters=filters))).items)


async def test_every_state_is_told(process: Process, clock: FakeClock) -> None:
    found = await rows(process)
    states = [each.status for each in found]
    assert states == ["dead", "failed", "waiting", "running", "pending"]
    assert [each.attempts for each in found] == [ATTEMPTS, 1, 0, 1, 0]
    assert {each.event for each in found} == {"shop.ordered"}
    assert [each.last_error for each in found] == ["RuntimeError"] * 2 + [None] * 3
    assert found[0].due_at is None and found[-1].due_at == found[-1].created_at == clock.now


@pytest.mark.parametrize("status", ["dead", "failed", "waiting", "running", "pending"])
async def test_each_state_can_be_asked_for(process: Process, status: str) -> None:
    assert [each.status for each in await rows(process, status=status)] == [status]


async def test_a_dead_one_that_is_tried_again_starts_anew(
    process: Process, db: Database, packing: Packing
) -> None:
    packing.failures = 0
    (dead,) = await rows(process, status="dead")
    await process.log.retry(dead.id)
    await process.relay.deliver_all()
    assert sorted(await effects(db)) == ["dead", "pending"]
    assert not await rows(process, status="dead")
    with pytest.raises(DeliveryNotFound):
        await process.log.retry(dead.id)


async def test_a_discarded_one_is_never_delivered(
    process: Process, db: Database, clock: FakeClock
) -> None:
    (failed,) = await rows(process, status="failed")
    before = await waiting(db)
    await process.log.discard(failed.id)
    assert await waiting(db) == before - 1
    clock.wait(hours=2)
    await process.relay.deliver_all()
    assert "failed" not in await effects(db)
    with pytest.raises(DeliveryNotFound):
        await process.log.discard(failed.id)


async def test_what_is_being_attempted_is_left_alone(process: Process, clock: FakeClock) -> None:
    (running,) = await rows(process, status="running")
    for act in (process.log.retry, process.log.discard):
        with pytest.raises(DeliveryRunning):
            await act(running.id)
    clock.wait(seconds=61)  # its process has died
    await process.log.discard(running.id)


async def test_an_unknown_one_is_not_found(process: Process) -> None:
    for act in (process.log.retry, process.log.discard):
        with pytest.raises(DeliveryNotFound):
            await act(uuid7())


async def test_an_act_is_taken_back_with_its_transaction(process: Process, db: Database) -> None:
    (dead,) = await rows(process, status="dead")
    with pytest.raises(RuntimeError, match="the audit failed"):
        async with db.transaction():
            await process.log.discard(dead.id)
            raise RuntimeError("the audit failed")
    assert await rows(process, status="dead")
