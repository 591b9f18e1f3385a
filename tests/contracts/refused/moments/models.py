from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Apart(DeclarativeBase):
    """The base class of a table that is never created, because it is not core's."""


class Booking(Apart):
    __tablename__ = "odd_bookings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
