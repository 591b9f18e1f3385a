"""Reservations and stored responses, one row per key."""

from asyncio import Task, create_task
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.data.database import Database
from core.data.erasing import delete_all, delete_some
from core.data.queries import Listing
from core.events.leases import LEASE
from core.kernel.clock import Clock
from core.kernel.errors import Unavailable
from core.kernel.ids import uuid7
from core.kernel.schemas import Schema, UtcDatetime
from core.web.idempotency.models import IdempotencyRow

ABANDONED = LEASE
"""A reservation that is not renewed for this time is free again."""
KEPT = timedelta(hours=24)

ROW = select(*IdempotencyRow.__table__.columns).where(IdempotencyRow.slot == bindparam("of_slot"))
MINE = update(IdempotencyRow).where(
    IdempotencyRow.slot == bindparam("of_slot"), IdempotencyRow.owner == bindparam("of_owner")
)


log = structlog.get_logger(__name__)
RESPONSES = Listing(sort=(IdempotencyRow.slot,))
RESPONSES_ABOUT = select(*IdempotencyRow.__table__.columns).where(
    IdempotencyRow.person_id == bindparam("person"), IdempotencyRow.status.is_not(None)
)


class ExportedResponse(Schema):
    """A stored response, in the export of the user that it describes."""

    kept_at: UtcDatetime
    status: int
    body: str

    @classmethod
    def of_row(cls, row: Any) -> "ExportedResponse":
        body = row.body.decode(errors="replace")
        return cls(kept_at=row.reserved_at, status=row.status, body=body)


@dataclass(frozen=True, slots=True)
class StoredResponse:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    fingerprint: str = ""
    person_id: UUID | None = None


class KeyInUse(Exception):
    """Another request holds this key now."""


class IdempotencyStore:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._releasing: set[Task[None]] = set()

    async def reserve(self, slot: str) -> UUID | StoredResponse:
        """Return a reservation or the stored response. Raises KeyInUse while the key is in use."""
        owner = uuid7()
        try:
            await self._insert(slot, owner)
        except IntegrityError:
            return await self._existing(slot, owner)
        return owner

    async def keep(self, slot: str, owner: UUID, stored: StoredResponse) -> None:
        """Store the response, in the open transaction if any. Raises KeyInUse if it is late."""
        values = {
            "person_id": stored.person_id,
            "fingerprint": stored.fingerprint,
            "status": stored.status,
            "headers": [[name.decode(), value.decode("latin-1")] for name, value in stored.headers],
            "body": stored.body,
        }
        async with self._db.transaction() as tx:
            kept: Any = await tx.session.execute(
                MINE.values(**values), {"of_slot": slot, "of_owner": owner}
            )
            if not kept.rowcount:
                raise KeyInUse

    async def renew(self, slot: str, owner: UUID) -> bool:
        """Renew the reservation for `ABANDONED`; return whether this request still holds it."""
        fresh = MINE.where(IdempotencyRow.status.is_(None)).values(reserved_at=self._clock())
        async with self._db.transaction() as tx:
            kept: Any = await tx.session.execute(fresh, {"of_slot": slot, "of_owner": owner})
        return bool(kept.rowcount)

    async def release(self, slot: str, owner: UUID) -> None:
        """Delete the reservation, so that the key can be used again."""
        mine = delete(IdempotencyRow).where(
            IdempotencyRow.slot == slot, IdempotencyRow.owner == owner
        )
        async with self._db.transaction() as tx:
            await tx.session.execute(mine)

    def release_later(self, slot: str, owner: UUID) -> None:
        """Release in the background; if that fails too, the reservation expires."""
        releasing = create_task(self._try_to_release(slot, owner))
        self._releasing.add(releasing)
        releasing.add_done_callback(self._releasing.discard)

    async def forget_old(self) -> None:
        old = IdempotencyRow.reserved_at < self._clock() - KEPT
        await delete_all(self._db, IdempotencyRow, old)

    async def export(self, person_id: UUID) -> AsyncIterator[Sequence[ExportedResponse]]:
        """Yield the stored responses about this user."""
        async with self._db.read() as reads:
            async for rows in RESPONSES.batches(reads, RESPONSES_ABOUT, {"person": person_id}):
                yield [ExportedResponse.of_row(row) for row in rows]

    async def erase(self, person_id: UUID) -> bool:
        """Erase some stored responses about this user; return whether there may be more."""
        return await delete_some(self._db, IdempotencyRow, IdempotencyRow.person_id == person_id)

    async def _try_to_release(self, slot: str, owner: UUID) -> None:
        try:
            await self.release(slot, owner)
        except Unavailable as error:
            log.warning("reservation_not_released", reason=type(error).__name__)

    async def _insert(self, slot: str, owner: UUID) -> None:
        async with self._db.transaction() as tx:
            row = {"slot": slot, "owner": owner, "reserved_at": self._clock()}
            await tx.session.execute(insert(IdempotencyRow), row)

    async def _existing(self, slot: str, owner: UUID) -> UUID | StoredResponse:
        async with self._db.read() as reads:
            row = (await reads.execute(ROW, {"of_slot": slot})).one_or_none()
        if row is not None and row.status is not None and not self._is_older(row, KEPT):
            headers = [(name.encode(), value.encode("latin-1")) for name, value in row.headers]
            return StoredResponse(row.status, headers, row.body, row.fingerprint)
        if row is None or not self._is_older(row, ABANDONED):
            raise KeyInUse
        await self._take_over(slot, row.owner, owner)
        return owner

    async def _take_over(self, slot: str, former: UUID, owner: UUID) -> None:
        fresh = {"owner": owner, "reserved_at": self._clock(), "status": None}
        async with self._db.transaction() as tx:
            updated: Any = await tx.session.execute(
                MINE.values(**fresh), {"of_slot": slot, "of_owner": former}
            )
            if not updated.rowcount:
                raise KeyInUse

    def _is_older(self, row: Any, age: timedelta) -> bool:
        reserved_at: datetime = row.reserved_at
        return self._clock() - reserved_at > age
