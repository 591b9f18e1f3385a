"""A process for the tests of events: a database, a clock and the contributions of modules.

The program delivers due events in a real process, or dies during a delivery.
"""

import asyncio
import os
import sys
from asyncio import sleep, timeout
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select

from core.data.database import Database
from core.data.engines import open_database
from core.engine.sql.cache_versions import CacheVersions
from core.events.log import EventLog
from core.events.models import Delivery
from core.events.outbox import Outbox
from core.events.relay import Relay
from core.events.schedules import Scheduler
from core.kernel.clock import Clock, utc_now
from core.kernel.contributions import Contribution, Contributions
from core.kernel.events import Event, Listener

METADATA = MetaData()
EFFECTS = Table(
    "effects",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("what", String(100), nullable=False),
)
ALL_EFFECTS = select(EFFECTS.c.what).order_by(EFFECTS.c.number)
COUNT = select(func.count()).select_from(Delivery)
DELIVERY = select(
    Delivery.status, Delivery.attempts, Delivery.due_at, Delivery.lease, Delivery.last_error
)
LONG_WAIT_S = 20


@dataclass(frozen=True, kw_only=True)
class Ordered(Event):
    name: ClassVar[str] = "shop.ordered"

    what: str


class FakeClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **much: float) -> None:
        self.now += timedelta(**much)


class Process:
    def __init__(self, db: Database, clock: Clock, *contributed: Contribution) -> None:
        self.db, self.clock = db, clock
        contributions = Contributions()
        contributions.fill({"shop": contributed})
        self.outbox = Outbox(clock, contributions)
        self.relay = Relay(db, clock, self.outbox, contributions)
        self.scheduler = Scheduler(db, clock, contributions)
        self.log = EventLog(db, clock, self.outbox, contributions)

    async def tidy(self) -> None:
        await self.outbox.tidy(self.db)

    async def order(self, *whats: str, delay: timedelta | None = None) -> list[UUID]:
        events = [Ordered(what=what) for what in whats]
        async with self.db.transaction() as tx:
            for event in events:
                await self.outbox.record(tx, event, delay)
        return [event.event_id for event in events]


def listener(handle: Any, name: str = "shop.pack", transactional: bool = False) -> Listener[Any]:
    return Listener(Ordered, name, handle, transactional)


class Packing:
    """A listener that records its events, and may then fail."""

    def __init__(self, db: Database, failures: int = 0) -> None:
        self._db, self.failures = db, failures

    async def __call__(self, event: Ordered) -> None:
        async with self._db.transaction() as tx:
            await tx.session.execute(insert(EFFECTS), {"what": event.what})
            if self.failures:
                self.failures -= 1
                raise RuntimeError("out of string")


class PackingToDeath(Packing):
    async def __call__(self, event: Ordered) -> None:
        await super().__call__(event)
        os._exit(9)


async def effects(db: Database) -> Sequence[str]:
    async with db.read() as reads:
        return list(await reads.scalars(ALL_EFFECTS))


async def waiting(db: Database) -> int:
    async with db.read() as reads:
        count: int = await reads.scalar(COUNT)
        return count


async def deliveries(db: Database) -> list[Any]:
    async with db.read() as reads:
        return list((await reads.execute(DELIVERY)).all())


async def until(done: Any) -> None:
    async with timeout(LONG_WAIT_S):
        while not await done():  # noqa: ASYNC110 (the database cannot tell us)
            await sleep(0.005)


async def run(url: str, folder: str, mode: str) -> None:
    cache_versions = CacheVersions(Path(folder) / f"cache_versions-{os.getpid()}")
    db = open_database(url, cache_versions)
    handle = PackingToDeath(db) if mode.startswith("die") else Packing(db)
    process = Process(db, utc_now, listener(handle, transactional=mode.endswith("whole")))
    print("ready", flush=True)
    sys.stdin.readline()
    await process.relay.deliver_all()
    await db.close()
    cache_versions.close()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
