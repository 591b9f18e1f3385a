from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.data.models import Base


class IdempotencyRow(Base):
    """A key that is in use, and once the request has been answered, its answer."""

    __tablename__ = "core_idempotency"

    slot: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Digest of principal, method, path and key."""
    owner: Mapped[UUID]
    """The request that holds the reservation."""
    person_id: Mapped[UUID | None] = mapped_column(index=True)
    """The person that the answer is about: it is erased with that person."""
    reserved_at: Mapped[datetime] = mapped_column(index=True)
    """While the request lives, this is set to the present again and again."""
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[list[Any] | None] = mapped_column(JSON)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
