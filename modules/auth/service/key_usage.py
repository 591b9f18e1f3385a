"""The last use of each API key, to the minute, written in the background."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.kit import Clock, Database
from core.kit.platform import LruDict, count_fallback
from modules.auth.queries import KEY_USED

log = structlog.get_logger(__name__)

PRECISION = timedelta(minutes=1)


class KeyUsage:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._noted: LruDict[UUID, datetime] = LruDict(10_000)

    def note(self, key_id: UUID) -> None:
        now = self._clock()
        last = self._noted.get(key_id)
        if last is not None and now - last < PRECISION:
            return
        self._noted.put(key_id, now)
        self._db.start_in_background(self._write(key_id, now))

    async def _write(self, key_id: UUID, now: datetime) -> None:
        try:
            async with self._db.transaction() as tx:
                await tx.session.execute(KEY_USED.values(last_used_at=now), {"key_id": key_id})
        except Exception:
            count_fallback("key_usage")
            log.warning("key_usage_not_noted", key_id=str(key_id), exc_info=True)
