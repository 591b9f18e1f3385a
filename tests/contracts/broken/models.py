from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Apart(DeclarativeBase):
    """The base class of a table that is never created, because it is not core's."""


class Thing(Apart):
    __tablename__ = "things"

    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"), primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    size: Mapped[int]
    weight: Mapped[int | None]
    made_at: Mapped[datetime] = mapped_column(DateTime)
