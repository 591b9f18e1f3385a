"""The tables of events, of their deliveries and of schedules."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.data.models import Base, Identified


class RecordedEvent(Identified, Base):
    """An event, kept until it is delivered and some days old, for listeners that come later."""

    __tablename__ = "core_events"

    name: Mapped[str] = mapped_column(String(100), index=True)
    payload: Mapped[str] = mapped_column(Text)
    """JSON as text, so that an invalid payload does not break the reading of other rows."""
    addressed_to: Mapped[str] = mapped_column(Text)
    """The listeners that have or had a delivery of the event: `,notes.greet,mail.send,`."""
    recorded_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]


class Status(StrEnum):
    pending = "pending"
    running = "running"
    failed = "failed"
    """The last attempt failed, and another one follows."""
    dead = "dead"
    """No attempt follows, unless an admin retries the delivery."""


class Delivery(Identified, Base):
    """One event on its way to one listener; the row is deleted after its success."""

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
    """The next attempt. While it runs: the end of the lease, after which another process may claim
    it. None if dead."""
    lease: Mapped[UUID | None]
    """The id of the current claim; a process with another id has lost it and changes nothing."""
    last_error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]


class ScheduledRun(Base):
    __tablename__ = "core_schedules"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    next_at: Mapped[datetime]
    """The next run. While it runs: the end of the lease."""
    lease: Mapped[UUID | None]
