"""What is kept of events: the facts themselves, their way to each listener, and the schedules."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.data.models import Base, Identified


class RecordedEvent(Identified, Base):
    """Kept for some days after it was delivered, for listeners that come later."""

    __tablename__ = "core_events"

    name: Mapped[str] = mapped_column(String(100), index=True)
    payload: Mapped[str] = mapped_column(Text)
    """JSON, as text: one that is broken must not break the reading of the others."""
    addressed_to: Mapped[str] = mapped_column(Text)
    """The listeners that have, or had, a delivery of it: `,notes.greet,mail.send,`."""
    recorded_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]


class Status(StrEnum):
    pending = "pending"
    running = "running"
    failed = "failed"
    """It will be tried again."""
    dead = "dead"
    """It has been given up, until an admin says otherwise."""


class Delivery(Identified, Base):
    """One event on its way to one listener; gone once it has arrived."""

    __tablename__ = "core_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "listener"),
        Index(None, "listener", "due_at"),
        Index(None, "created_at", "id"),
    )

    event_id: Mapped[UUID] = mapped_column(ForeignKey(RecordedEvent.id))
    listener: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    due_at: Mapped[datetime | None]
    """While it runs: when the lease ends, and another process may take it. Dead: never."""
    lease: Mapped[UUID | None]
    """Whoever holds it knows it: who comes back too late changes nothing."""
    last_error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]


class ScheduledRun(Base):
    __tablename__ = "core_schedules"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    next_at: Mapped[datetime]
    """While it runs: when the lease ends."""
    lease: Mapped[UUID | None]
