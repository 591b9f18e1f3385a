"""The scheduler runs each schedule at its interval, in one of all processes.

If that process dies, another one repeats the run. Missed runs are made up for by one run. A failed
run is logged, and the next one follows after the usual interval.
"""

from asyncio import Event as Signal
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.sql.dml import UpdateBase

from core.data.database import Database
from core.data.upserts import insert_for
from core.events.background import Background
from core.events.leases import LEASE, renewed
from core.events.models import ScheduledRun
from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.kernel.events import Schedule
from core.kernel.ids import uuid7

DUE = select(ScheduledRun.name).where(ScheduledRun.next_at <= bindparam("now"))
_named = ScheduledRun.name == bindparam("schedule")
FIRST: dict[str, object] = {"name": bindparam("schedule"), "next_at": bindparam("first")}
SOONER = (
    update(ScheduledRun)
    .where(_named, ScheduledRun.next_at > bindparam("first"), ScheduledRun.lease.is_(None))
    .values(next_at=bindparam("first"))
)
CLAIM_RUN = (
    update(ScheduledRun)
    .where(_named, ScheduledRun.next_at <= bindparam("now"))
    .values(next_at=bindparam("until"), lease=bindparam("new_lease"))
    .returning(ScheduledRun.name)
)
_held = update(ScheduledRun).where(_named, ScheduledRun.lease == bindparam("held"))
RENEW_RUN = _held.values(next_at=bindparam("until")).returning(ScheduledRun.name)
FINISH_RUN = _held.values(next_at=bindparam("next"), lease=None).returning(ScheduledRun.name)

log = structlog.get_logger(__name__)


class Scheduler:
    def __init__(self, db: Database, clock: Clock, contributions: Contributions) -> None:
        self._db, self._clock, self._contributions = db, clock, contributions
        self._background = Background(self._start_due, wake=Signal())
        self._rows_added = False
        insert = insert_for(db.engine.dialect)
        self._add = insert(ScheduledRun).values(FIRST).on_conflict_do_nothing()

    def running(self) -> AbstractAsyncContextManager[None]:
        """Run due schedules while the block runs; then finish them or leave them to others."""
        self._rows_added = False
        return self._background.running()

    async def run_due(self) -> None:
        """Run all schedules that are due now, and wait for them."""
        await self._start_due()
        await self._background.finish()

    async def _start_due(self) -> None:
        if not self._rows_added:
            await self._add_rows()
        async with self._db.read() as reads:
            due = set(await reads.scalars(DUE, {"now": self._clock()}))
        for name in due & self._schedules.keys():
            if lease := await self._claim(name):
                self._background.start(self._run(self._schedules[name], lease))

    async def _add_rows(self) -> None:
        """Add new schedules, first due after one interval; make shortened ones due sooner."""
        async with self._db.transaction() as tx:
            for name, schedule in sorted(self._schedules.items()):
                values = {"schedule": name, "first": self._clock() + schedule.every}
                await tx.execute(self._add, values)
                await tx.execute(SOONER, values)
        self._rows_added = True

    async def _claim(self, name: str) -> UUID | None:
        now, lease = self._clock(), uuid7()
        values = {"now": now, "until": now + LEASE, "new_lease": lease}
        return lease if await self._changed(CLAIM_RUN, name, **values) else None

    async def _run(self, schedule: Schedule, lease: UUID) -> None:
        name, started = schedule.name, self._clock()
        try:
            async with renewed(lambda: self._renew(name, lease)):
                await schedule.run()
        except Exception:
            log.exception("schedule_failed", schedule=name)
        await self._changed(FINISH_RUN, name, held=lease, next=started + schedule.every)

    async def _renew(self, name: str, lease: UUID) -> bool:
        return await self._changed(RENEW_RUN, name, held=lease, until=self._clock() + LEASE)

    async def _changed(self, statement: UpdateBase, name: str, **values: object) -> bool:
        async with self._db.transaction() as tx:
            result = await tx.execute(statement, {"schedule": name, **values})
            return result.first() is not None

    @cached_property
    def _schedules(self) -> Mapping[str, Schedule]:
        return {schedule.name: schedule for schedule in self._contributions.of(Schedule)}
