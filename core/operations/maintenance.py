"""Maintenance mode: its state is stored in the database and read at every request."""

from asyncio import InvalidStateError, Task, create_task, wait
from dataclasses import asdict
from datetime import datetime
from time import monotonic
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Mapped

from core.data.database import Database
from core.data.models import Base, Identified
from core.data.versioned_cache import VersionedCache
from core.engine.sql import CacheVersions, reserved
from core.kernel.clock import Clock
from core.kernel.errors import Unavailable
from core.kernel.fallbacks import note_fallback
from core.web.maintenance import MaintenanceState

CACHE_NAME = "maintenance"


class MaintenanceRow(Identified, Base):
    """A state of maintenance mode; the latest row is in force, and earlier rows are its history."""

    __tablename__ = "core_maintenance"

    at: Mapped[datetime]
    enabled: Mapped[bool]
    message: Mapped[str | None]
    retry_after_s: Mapped[int]


REFRESH_S = 0.5
"""The time that a request waits for the current state before it uses the last known one."""


class Refresh(NamedTuple):
    task: Task[MaintenanceState]
    generation: tuple[int, ...]
    until: float


LATEST = reserved(
    select(MaintenanceRow.enabled, MaintenanceRow.message, MaintenanceRow.retry_after_s)
    .order_by(MaintenanceRow.id.desc())
    .limit(1)
)


class Maintenance:
    def __init__(self, db: Database, cache_versions: CacheVersions, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._known: VersionedCache[str, MaintenanceState] = VersionedCache(
            cache_versions, (CACHE_NAME,), 1
        )
        self._last = MaintenanceState()
        self._cache_versions = cache_versions
        self._refresh: Refresh | None = None

    async def state(self) -> MaintenanceState:
        """Return the state that any process has set last.

        If the database does not respond, return the last known state.
        """
        return self._known.get(CACHE_NAME) or await self._refreshed()

    async def switch(self, state: MaintenanceState) -> None:
        """Close or open the service: at once on this machine, within two seconds on others."""
        async with self._db.transaction() as tx:
            row = await tx.insert(MaintenanceRow, at=self._clock(), **asdict(state))
            tx.invalidate(CACHE_NAME)
            await tx.record("admin.maintenance", row, enabled=state.enabled)

    async def _refreshed(self) -> MaintenanceState:
        """Wait for the running refresh, or for another one if the state has changed since then."""
        generation, now = self._cache_versions.here((CACHE_NAME,)), monotonic()
        refresh = self._refresh
        if refresh is None or refresh.task.done() or refresh.generation != generation:
            task = create_task(self._known.fetch(CACHE_NAME, self._read))
            refresh = self._refresh = Refresh(task, generation, now + REFRESH_S)
        await wait({refresh.task}, timeout=max(0.0, refresh.until - now))
        try:
            self._last = refresh.task.result()
        except (InvalidStateError, Unavailable) as error:  # timed out, or no database
            note_fallback("maintenance", type(error).__name__)
        return self._last

    async def _read(self) -> MaintenanceState:
        async with self._db.read() as reads:
            row = (await reads.execute(LATEST)).one_or_none()
        return MaintenanceState(*row) if row else MaintenanceState()
