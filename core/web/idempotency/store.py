"""Reservations and stored responses, one row per key."""

from asyncio import Task, create_task
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase

from core.data.database import Database
from core.data.erasing import delete_all, delete_some
from core.data.queries import Listing
from core.data.rows import select_rows
from core.engine.http import Header
from core.events.leases import LEASE
from core.kernel.clock import Clock
from core.kernel.errors import Conflict, Unavailable
from core.kernel.ids import uuid7
from core.kernel.schemas import Schema, UtcDatetime
from core.web.idempotency.models import IdempotencyRow

ABANDONED = LEASE
"""A reservation that is not renewed for this time is free again."""
KEPT = timedelta(hours=24)

OF_SLOT = IdempotencyRow.slot == bindparam("of_slot")
HELD = (OF_SLOT, IdempotencyRow.owner == bindparam("of_owner"))
ROW = select_rows(IdempotencyRow).where(OF_SLOT)
UPDATE = update(IdempotencyRow).where(*HELD).returning(IdempotencyRow.slot)
KEEP = UPDATE.values({
    name: bindparam(f"new_{name}")
    for name in ("status", "headers", "body", "fingerprint", "person_id")
})  # fmt: skip
RENEW = UPDATE.where(IdempotencyRow.status.is_(None)).values(reserved_at=bindparam("now"))
TAKE_OVER = UPDATE.values(owner=bindparam("new_owner"), reserved_at=bindparam("now"), status=None)
RELEASE = delete(IdempotencyRow).where(*HELD).returning(IdempotencyRow.slot)

log = structlog.get_logger(__name__)
RESPONSES = Listing(sort=(IdempotencyRow.slot,))
RESPONSES_ABOUT = select_rows(IdempotencyRow).where(
    IdempotencyRow.person_id == bindparam("person"), IdempotencyRow.status.is_not(None)
)


class StillRunning(Conflict):
    """An operation is not done twice, and the first request has no response yet.

    Wait for the seconds in `Retry-After`, then send the same request again to get that response.
    """

    code = "http.idempotency_key_in_use"
    title = "The first request with this Idempotency-Key is still being processed."

    def __init__(self) -> None:
        super().__init__()
        self.headers["retry-after"] = "1"


class ExportedResponse(Schema):
    """A stored response, in the export of the user that it describes."""

    kept_at: UtcDatetime
    status: int
    body: str

    @classmethod
    def of_row(cls, row: IdempotencyRow) -> "ExportedResponse":
        body = (row.body or b"").decode(errors="replace")
        return cls(kept_at=row.reserved_at, status=row.status or 0, body=body)


@dataclass(frozen=True, slots=True)
class StoredResponse:
    status: int
    headers: list[Header]
    body: bytes
    fingerprint: str = ""
    person_id: UUID | None = None

    @classmethod
    def of_row(cls, row: IdempotencyRow) -> "StoredResponse":
        headers = [(name.encode(), value.encode("latin-1")) for name, value in row.headers or ()]
        return cls(row.status or 0, headers, row.body or b"", row.fingerprint or "")


class Reservation(NamedTuple):
    """A key, and the request that holds it."""

    slot: str
    owner: UUID


class IdempotencyStore:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._releasing: set[Task[None]] = set()

    async def reserve(self, slot: str) -> Reservation | StoredResponse:
        """Return a reservation or the stored response. Raises StillRunning if the key is in use."""
        owner = uuid7()
        try:
            async with self._db.transaction() as tx:
                await tx.insert(IdempotencyRow, slot=slot, owner=owner, reserved_at=self._clock())
        except IntegrityError:
            return await self._existing(slot, owner)
        return Reservation(slot, owner)

    async def keep(self, held: Reservation, stored: StoredResponse) -> None:
        """Store the response, in the open transaction if any. Raises StillRunning if it is late."""
        headers = [[name.decode(), value.decode("latin-1")] for name, value in stored.headers]
        if not await self._change(
            KEEP,
            held,
            new_status=stored.status,
            new_headers=headers,
            new_body=stored.body,
            new_fingerprint=stored.fingerprint,
            new_person_id=stored.person_id,
        ):
            raise StillRunning

    async def renew(self, held: Reservation) -> bool:
        """Renew the reservation for `ABANDONED`; return whether this request still holds it."""
        return await self._change(RENEW, held, now=self._clock())

    async def release(self, held: Reservation) -> None:
        """Delete the reservation, so that the key can be used again."""
        await self._change(RELEASE, held)

    def release_later(self, held: Reservation) -> None:
        """Release in the background; if that fails too, the reservation expires."""
        releasing = create_task(self._try_to_release(held))
        self._releasing.add(releasing)
        releasing.add_done_callback(self._releasing.discard)

    async def forget_old(self) -> None:
        old = IdempotencyRow.reserved_at < self._clock() - KEPT
        await delete_all(self._db, IdempotencyRow, old)

    async def export(self, person_id: UUID) -> AsyncIterator[Sequence[ExportedResponse]]:
        """Yield the stored responses about this user."""
        async for rows in self._db.batches(RESPONSES, RESPONSES_ABOUT, person=person_id):
            yield [ExportedResponse.of_row(row) for row in rows]

    async def erase(self, person_id: UUID) -> bool:
        """Erase some stored responses about this user; return whether there may be more."""
        return await delete_some(self._db, IdempotencyRow, IdempotencyRow.person_id == person_id)

    async def _try_to_release(self, held: Reservation) -> None:
        try:
            await self.release(held)
        except Unavailable as error:
            log.warning("reservation_not_released", reason=type(error).__name__)

    async def _existing(self, slot: str, owner: UUID) -> Reservation | StoredResponse:
        async with self._db.read() as reads:
            row = await reads.first(ROW, {"of_slot": slot})
        if row is None:
            raise StillRunning
        age = self._clock() - row.reserved_at
        if row.status is not None and age <= KEPT:
            return StoredResponse.of_row(row)
        abandoned = Reservation(slot, row.owner)
        if age <= ABANDONED or not await self._change(
            TAKE_OVER, abandoned, new_owner=owner, now=self._clock()
        ):
            raise StillRunning
        return Reservation(slot, owner)

    async def _change(self, statement: UpdateBase, held: Reservation, **values: object) -> bool:
        """Execute the statement; return whether the request still held the key."""
        async with self._db.transaction() as tx:
            which = {"of_slot": held.slot, "of_owner": held.owner}
            return bool((await tx.execute(statement, {**which, **values})).all())
