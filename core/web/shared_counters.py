"""Rate limits that are counted in the database: sign-ins, if several workers have no Redis."""

from datetime import datetime, timedelta
from time import time

from sqlalchemy import Index, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from config.settings import Rate
from core.data.database import Database
from core.data.erasing import delete_all
from core.data.models import Base
from core.data.upserts import insert_for
from core.kernel.clock import Clock
from core.security.limits import RateLimitResult


class CounterRow(Base):
    """The number of requests that a caller was granted in one time window."""

    __tablename__ = "core_counters"
    __table_args__ = (Index("ix_core_counters_ends_at", "ends_at"),)

    slot: Mapped[str] = mapped_column(String(200), primary_key=True)
    window: Mapped[int] = mapped_column(primary_key=True)
    hits: Mapped[int]
    ends_at: Mapped[datetime]


BEFORE = select(CounterRow.hits).where(
    CounterRow.slot == bindparam("of_slot"), CounterRow.window == bindparam("of_window")
)
COUNT = (
    update(CounterRow)
    .where(CounterRow.slot == bindparam("of_slot"), CounterRow.window == bindparam("of_window"))
    .values(hits=CounterRow.hits + 1)
)


class SharedCounters:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        opened = insert_for(db.engine.dialect)(CounterRow)
        self._open = opened.on_conflict_do_update(
            index_elements=["slot", "window"], set_={"hits": CounterRow.hits}
        ).returning(CounterRow.hits)

    async def hit(self, name: str, rate: Rate, caller: str) -> RateLimitResult:
        """Count a request and return the result.

        Concurrent requests wait for each other, so that none exceeds the limit.
        """
        seconds, at = rate.seconds, time()
        window = int(at) // seconds
        left = (window + 1) * seconds - at
        slot, ends_at = f"{name}:{caller}"[:200], self._clock() + timedelta(seconds=2 * seconds)
        row = {"slot": slot, "window": window, "hits": 0, "ends_at": ends_at}
        async with self._db.separate() as tx:
            hits = (await tx.execute(self._open, row)).scalar() or 0
            earlier = {"of_slot": slot, "of_window": window - 1}
            before = (await tx.execute(BEFORE, earlier)).scalar() or 0
            used = hits + int(before * left / seconds)
            granted = used < rate.amount
            if granted:
                await tx.execute(COUNT, {"of_slot": slot, "of_window": window})
        return RateLimitResult(
            name, rate, granted, max(0, rate.amount - used - granted), int(left) + 1
        )

    async def forget_old(self) -> None:
        await delete_all(self._db, CounterRow, CounterRow.ends_at < self._clock())

    async def close(self) -> None:
        """Do nothing: the owner of the database closes it."""
