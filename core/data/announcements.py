"""Machines that share a PostgreSQL database tell each other what was touched.

It is written by the transaction itself, so that no crash can swallow it: a row per place of the
generations' file, in a few copies, lest everybody who touches one name wait for the same row.
"""

from asyncio import sleep
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import SmallInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.data.database import Database
from core.data.generations import Generations, place_of
from core.data.models import Base

EVERY_S = 1.0
LOOKING_BACK = timedelta(seconds=60)
"""How long a commit may take from its last statement and still be heard of."""
COPIES = 8

log = structlog.get_logger(__name__)


class Announcement(Base):
    __tablename__ = "core_generations"

    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    copy: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)


_new = insert(Announcement).values(
    place=bindparam("touched"),
    copy=func.pg_backend_pid() % COPIES,
    number=1,
    at=func.clock_timestamp(),
)
ANNOUNCE = _new.on_conflict_do_update(
    index_elements=[Announcement.place, Announcement.copy],
    set_={"number": Announcement.number + 1, "at": _new.excluded.at},
)
RECENT = select(Announcement.place, Announcement.copy, Announcement.number).where(
    Announcement.at >= bindparam("since")
)
NOW = select(func.now())


async def announce(session: AsyncSession, names: Iterable[str]) -> None:
    """The last statement of the transaction, in one order for all, so that nobody waits long."""
    places = sorted(map(place_of, names))

    def flush_and_announce(sync: Session) -> None:
        sync.flush()
        sync.connection().execute(ANNOUNCE, [{"touched": place} for place in places])

    await session.run_sync(flush_and_announce)


class Announcements:
    """What other machines have announced, taken note of in this machine's generations."""

    def __init__(self, db: Database, generations: Generations) -> None:
        self._db, self._generations = db, generations
        self._known: dict[tuple[int, int], int] = {}

    async def listen(self) -> None:
        """Ask every second, for as long as the application lives; on SQLite there is nobody."""
        while self._generations.must_hear:
            try:
                await self.hear()
            except Exception:
                log.warning("announcements_not_heard", exc_info=True)
            await sleep(EVERY_S)

    async def hear(self) -> None:
        async with self._db.read() as reads:
            now: datetime = await reads.scalar(NOW)
            rows = await reads.execute(RECENT, {"since": now - LOOKING_BACK})
        found = {(row.place, row.copy): row.number for row in rows}
        new = {place for (place, _), _ in found.items() - self._known.items()}
        self._known = found
        self._generations.advance_places(new)
        self._generations.heard()
