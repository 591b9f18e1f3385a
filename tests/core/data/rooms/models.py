from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.data.models import NAMING, Base, Identified


class Apart(DeclarativeBase):
    """The base class that separates the table from the project's; it has core's column types."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = Base.type_annotation_map


class Booking(Identified, Apart):
    __tablename__ = "rooms_bookings"

    room: Mapped[str] = mapped_column(String(20))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
