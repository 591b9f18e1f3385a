from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.data.models import Base


class IdempotencyRow(Base):
    """A key in use, with its response when the request is finished."""

    __tablename__ = "core_idempotency"

    slot: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A digest of principal or client, method, path and key."""
    owner: Mapped[UUID]
    """The request that holds the reservation."""
    person_id: Mapped[UUID | None] = mapped_column(index=True)
    """The user whom the response is about: it is erased with that user."""
    reserved_at: Mapped[datetime] = mapped_column(index=True)
    """The time of the reservation, which a running request renews."""
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[list[list[str]] | None] = mapped_column(JSON)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
