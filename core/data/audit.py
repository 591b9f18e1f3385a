"""The audit trail: who performed which operation on which resource.

The entry of a change is written in the transaction of the change. Entries hold no names, no e-mail
addresses and no secrets (ASVS 16.2, 16.4). Rows are only added, with one exception: the client IP
is cleared after some time, and when the account of its user is deleted.
"""

from asyncio import sleep
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    JSON,
    Index,
    Select,
    String,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.data.database import Database
from core.data.models import Base, Identified
from core.data.queries import Listing
from core.data.transaction import Transaction
from core.data.writes import write_later
from core.engine.sql import Values
from core.kernel.clock import Clock
from core.kernel.context import RequestContext, current_context
from core.kernel.fallbacks import count_fallback
from core.kernel.ids import uuid7

EVERY_S = 0.5
MOST_NOTED = 10_000

log = structlog.get_logger(__name__)

Target = Identified | tuple[str, UUID | str | None]
"""A row, or the kind and the id of a resource."""


class Outcome(StrEnum):
    success = "success"
    refused = "refused"
    failed = "failed"


class AuditEntry(Identified, Base):
    __tablename__ = "core_audit"
    __table_args__ = (
        Index(None, "at", "id"),
        Index(None, "actor_id", "at", "id"),
        Index(None, "on_behalf_of", "at", "id"),
        Index(None, "target_id", "at", "id"),
        Index(None, "action", "at", "id"),
    )

    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_kind: Mapped[str] = mapped_column(String(20))
    on_behalf_of: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(100))
    target_kind: Mapped[str] = mapped_column(String(100))
    target_id: Mapped[str | None] = mapped_column(String(100))
    outcome: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(128))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)


COLUMNS = Base.metadata.tables["core_audit"].columns
RECORD = insert(AuditEntry).values(
    {it: bindparam(f"new_{it.key}", type_=it.type) for it in COLUMNS}
)


ADDRESSED: Select[Any] = select(*(COLUMNS[name] for name in ("at", "id", "address")))
OF_ACTOR = ADDRESSED.where(AuditEntry.actor_id == bindparam("person"))
ON_BEHALF = ADDRESSED.where(AuditEntry.on_behalf_of == bindparam("person"))
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
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._noted: list[dict[str, Any]] = []

    async def record(self, tx: Transaction, action: str, target: Target, **changes: Any) -> None:
        """Record an operation in its transaction, whose rollback also removes the entry.

        `await record(tx, "notes.change", note, fields=[…])`
        """
        kind, target_id = target if isinstance(target, tuple) else (target.__tablename__, target.id)
        await self._write(tx, action, kind, target_id, Outcome.success, changes)

    async def refuse(
        self,
        action: str,
        target_kind: str,
        target_id: UUID | str | None,
        outcome: Outcome,
        **changes: Any,
    ) -> None:
        """Record an operation that was refused or has failed.

        Call it after the failed transaction. Inside a transaction the entry would be a part of it.
        """
        async with self._db.transaction() as tx:
            await self._write(tx, action, target_kind, target_id, outcome, changes)

    def refuse_later(
        self,
        action: str,
        target_kind: str,
        target_id: UUID | str | None,
        outcome: Outcome,
        **changes: Any,
    ) -> None:
        """Write the entry of `refuse` later, with the next notes, because the database is busy."""
        self._note(self._entry(action, target_kind, target_id, outcome, changes))

    def note(self, action: str, target_kind: str) -> None:
        """Record that a list of other users' data was read, without waiting for a commit.

        The entry is written with others after up to `EVERY_S`. A process that is killed loses the
        entries that it has not written.
        """
        self._note(self._entry(action, target_kind, None, Outcome.success, {}))

    def _note(self, entry: dict[str, Any]) -> None:
        self._noted.append(entry)
        if len(self._noted) > MOST_NOTED:
            log.error("looks_not_audited", count=len(self._noted))
            self._noted.clear()

    async def forget_addresses(self, user_id: UUID) -> None:
        """Clear the client IP in entries of this user and of anonymous callers on the account."""
        for query in (OF_ACTOR, ON_BEHALF, OF_STRANGERS):
            await self._clear(query, {"person": user_id, "target": str(user_id)})

    async def forget_old_addresses(self, kept_for: timedelta) -> None:
        """Clear each client IP older than `kept_for`, beginning where the last run ended."""
        until = self._clock() - kept_for
        async with self._db.read() as reads:
            since = await reads.scalar(CLEARED_UNTIL) or datetime.min.replace(tzinfo=UTC)
        if since < until:
            await self._clear(OF_PERIOD, {"since": since, "until": until})
            async with self._db.transaction() as tx:
                await tx.session.merge(Mark(name=CLEARED, at=until))

    async def _clear(self, query: Select[Any], values: Values) -> None:
        """Clear the client IPs of these rows, which are read by an index and without a transaction.

        Only the updates are made in transactions.
        """
        async with self._db.read() as reads:
            async for rows in ADDRESSES.batches(reads, query, values):
                if ids := [row.id for row in rows if row.address]:
                    async with self._db.transaction() as tx:
                        await tx.session.execute(CLEAR, {"ids": ids})

    async def write_notes(self) -> None:
        """Write the notes every `EVERY_S` seconds, and the last ones when the application stops."""
        try:
            while True:
                await sleep(EVERY_S)
                await self._write_noted()
        finally:
            await self._write_noted()

    async def _write_noted(self) -> None:
        """Write the collected notes, or keep them for the next time if that fails."""
        noted, self._noted = self._noted, []
        if not noted:
            return
        try:
            async with self._db.transaction() as tx:
                await tx.session.execute(RECORD, noted)
        except Exception as error:
            count_fallback("audit_notes")
            log.warning("looks_not_audited_yet", reason=type(error).__name__)
            self._noted = noted + self._noted

    async def _write(
        self,
        tx: Transaction,
        action: str,
        target_kind: str,
        target_id: UUID | str | None,
        outcome: Outcome,
        changes: dict[str, Any],
    ) -> None:
        context = current_context()
        entry = self._entry(action, target_kind, target_id, outcome, changes)
        await write_later(tx, RECORD, entry)
        self._db.on_commit(lambda: setattr(context, "audited", True))

    def _entry(
        self,
        action: str,
        target_kind: str,
        target_id: UUID | str | None,
        outcome: Outcome,
        changes: dict[str, Any],
    ) -> dict[str, Any]:
        context = current_context()
        values = {
            "id": uuid7(),
            "at": self._clock(),
            **actor_in(context),
            "action": action,
            "target_kind": target_kind,
            "target_id": None if target_id is None else str(target_id),
            "outcome": outcome.value,
            "address": context.address,
            "request_id": context.request_id,
            "changes": changes,
        }
        return {f"new_{name}": value for name, value in values.items()}


def actor_in(context: RequestContext) -> dict[str, Any]:
    """Return the actor: a user, a key on behalf of its owner, "anonymous" or "system".

    The actor outside requests is "system".
    """
    if principal := context.principal:
        if principal.key_id:
            return actor(principal.key_id, "key", on_behalf_of=principal.id)
        return actor(principal.id, "user")
    return actor(None, "anonymous" if context.request_id else "system")


def actor(actor_id: UUID | None, kind: str, on_behalf_of: UUID | None = None) -> dict[str, Any]:
    return {"actor_id": actor_id, "actor_kind": kind, "on_behalf_of": on_behalf_of}
