from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, MetaData, Table, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.data.models import Base, UtcDateTime, nothing_personal


class Apart(DeclarativeBase):
    """The base class of tables that are never created, because it is not core's."""

    type_annotation_map: ClassVar[dict[Any, Any]] = Base.type_annotation_map


class Shift(Apart):
    __tablename__ = "odd_shifts"
    __table_args__ = (
        Index("ix_odd_shifts_starts_at", "starts_at"),
        nothing_personal("The audit trail says who made the plan."),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class Leave(Apart):
    __tablename__ = "odd_leaves"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    worker_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))


class Wish(Apart):
    __tablename__ = "odd_wishes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    worker_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))


DAYS = Table(
    "odd_days", MetaData(), Column("id", Uuid, primary_key=True), Column("at", UtcDateTime)
)
