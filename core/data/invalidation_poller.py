"""Cache invalidation between machines that share a PostgreSQL database.

The transaction itself writes its announcement, so that no crash can lose it: a row for each place
of the file of cache versions. Each row has a few copies, so that transactions that invalidate one
name do not wait for one row. The same statement notifies the listeners. A machine that misses the
notification still reads the row.
"""

from asyncio import Event, sleep, timeout
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy import SmallInteger, bindparam, func, select
from sqlalchemy.orm import Mapped, mapped_column

from core.data.database import Database
from core.data.models import Base
from core.engine.sql import CacheVersions, reserved
from core.kernel.fallbacks import count_fallback

CHANNEL = "atrium_announcements"
POLL_EVERY_S = 1.0
PAUSE_S = 0.02
"""Announcements in quick succession are read together."""
LOOKING_BACK = timedelta(seconds=60)
"""A commit is noticed if it ends within this time after the last statement."""
COPIES = 8

log = structlog.get_logger(__name__)


class Announcement(Base):
    __tablename__ = "core_generations"

    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    copy: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)


RECENT = reserved(
    select(Announcement.place, Announcement.copy, Announcement.number).where(
        Announcement.at >= bindparam("since")
    )
)
NOW = reserved(select(func.now()))


class InvalidationPoller:
    """The task that applies announcements of other machines to the cache versions of this one."""

    def __init__(self, db: Database, cache_versions: CacheVersions) -> None:
        self._db, self._cache_versions = db, cache_versions
        self._known: dict[tuple[int, int], int] = {}
        self._notified = Event()

    async def listen(self) -> None:
        """Read announcements every second and when notified, until the application stops."""
        while self._cache_versions.must_poll:
            self._notified.clear()
            try:
                await self.hear()
            except Exception:
                count_fallback("announcements")
                log.warning("announcements_not_heard", exc_info=True)
            await self._next()

    def notify(self) -> None:
        """Have announcements read soon, before the second has passed."""
        self._notified.set()

    async def hear(self) -> None:
        async with self._db.read() as reads:
            now: datetime = await reads.scalar(NOW)
            rows = await reads.execute(RECENT, {"since": now - LOOKING_BACK})
        numbers = {(row.place, row.copy): row.number for row in rows}
        new = {place for (place, _), _ in numbers.items() - self._known.items()}
        self._known = numbers
        self._cache_versions.advance_places(new)
        self._cache_versions.mark_polled()

    async def _next(self) -> None:
        await sleep(PAUSE_S)
        with suppress(TimeoutError):
            async with timeout(POLL_EVERY_S):
                await self._notified.wait()
