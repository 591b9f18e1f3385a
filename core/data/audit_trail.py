"""The upkeep of the audit trail: late entries, and client IPs that are cleared."""

from asyncio import sleep
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Select, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core.data.audit import COLUMNS, RECORD, AuditEntry, AuditRecorder
from core.data.database import Database
from core.data.models import Base
from core.data.queries import Listing
from core.data.rows import select_rows
from core.kernel.clock import Clock
from core.kernel.fallbacks import count_fallback

WRITE_EVERY_S = 0.5

log = structlog.get_logger(__name__)

ADDRESSED = select_rows(AuditEntry, *(COLUMNS[name] for name in ("at", "id", "address")))
OF_ACTOR = ADDRESSED.where(AuditEntry.actor_id == bindparam("user"))
ON_BEHALF = ADDRESSED.where(AuditEntry.on_behalf_of == bindparam("user"))
OF_STRANGERS = ADDRESSED.where(
    AuditEntry.target_id == bindparam("target"), AuditEntry.actor_id.is_(None)
)
"""Entries of anonymous callers, such as failed attempts to sign in to an account."""
OF_PERIOD = ADDRESSED.where(AuditEntry.at >= bindparam("since"), AuditEntry.at < bindparam("until"))
ADDRESSES = Listing(sort=(AuditEntry.at, AuditEntry.id), default="at")
CLEAR = (
    update(AuditEntry)
    .where(AuditEntry.id.in_(bindparam("ids", expanding=True)))
    .values(address="")
    .execution_options(synchronize_session=False)
)
"""The only UPDATE that changes rows of the audit trail."""


class Mark(Base):
    """The position that a job has reached in a growing table."""

    __tablename__ = "core_marks"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    at: Mapped[datetime]


CLEARED = "audit.addresses"
CLEARED_UNTIL = select(Mark.at).where(Mark.name == CLEARED)


class AuditTrail:
    def __init__(self, db: Database, recorder: AuditRecorder, clock: Clock) -> None:
        self._db, self._recorder, self._clock = db, recorder, clock

    async def clear_client_ips(self, user_id: UUID) -> None:
        """Clear the client IP in entries of this user and of anonymous callers on the account."""
        for query in (OF_ACTOR, ON_BEHALF, OF_STRANGERS):
            await self._clear(query, user=user_id, target=str(user_id))

    async def clear_old_client_ips(self, kept_for: timedelta) -> None:
        """Clear each client IP older than `kept_for`, beginning where the last run ended."""
        until = self._clock() - kept_for
        async with self._db.read() as reads:
            since = await reads.scalar(CLEARED_UNTIL) or datetime.min.replace(tzinfo=UTC)
        if since < until:
            await self._clear(OF_PERIOD, since=since, until=until)
            async with self._db.transaction() as tx:
                await tx.session.merge(Mark(name=CLEARED, at=until))

    async def _clear(self, query: Select[AuditEntry], **values: object) -> None:
        """Clear the client IPs of these rows, which are read by an index and without a transaction.

        Only the updates are made in transactions.
        """
        async for rows in self._db.batches(ADDRESSES, query, **values):
            if ids := [row.id for row in rows if row.address]:
                async with self._db.transaction() as tx:
                    await tx.session.execute(CLEAR, {"ids": ids})

    async def write_notes(self) -> None:
        """Write the notes every `WRITE_EVERY_S`, and the last ones when the application stops."""
        try:
            while True:
                await sleep(WRITE_EVERY_S)
                await self._write_noted()
        finally:
            await self._write_noted()

    async def _write_noted(self) -> None:
        """Write the collected notes, or keep them for the next time if that fails."""
        if not (noted := self._recorder.take_notes()):
            return
        try:
            async with self._db.transaction() as tx:
                await tx.session.execute(RECORD, noted)
        except Exception as error:
            count_fallback("audit_notes")
            log.warning("looks_not_audited_yet", reason=type(error).__name__)
            self._recorder.put_back(noted)
