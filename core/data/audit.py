"""The entries of the audit trail: who performed which operation on which resource.

The entry of a change is written in the transaction of the change. Entries hold no names, no e-mail
addresses and no secrets (ASVS 16.2, 16.4). Rows are only added, with one exception: the client IP
is cleared after some time, and when the account of its user is deleted (`audit_trail.py`).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy import JSON, Index, String, bindparam, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.data.models import Base, Identified, key_of
from core.engine.sql import IF_CHANGED
from core.kernel.clock import Clock
from core.kernel.context import RequestContext, current_context
from core.kernel.ids import uuid7
from core.kernel.json_types import JsonObject

MAX_NOTES = 10_000

log = structlog.get_logger(__name__)

Target = DeclarativeBase | tuple[str, UUID | str | None]
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
    changes: Mapped[JsonObject] = mapped_column(JSON)


COLUMNS = Base.metadata.tables["core_audit"].columns
NEW = {it.key: bindparam(f"new_{it.key}", type_=it.type) for it in COLUMNS}
RECORD = insert(AuditEntry).values(NEW)
RECORD_IF_CHANGED = insert(AuditEntry).from_select([*NEW], select(*NEW.values()).where(IF_CHANGED))
"""The same beside a change that is a whole transaction, on PostgreSQL."""


class AuditRecorder:
    """The maker of audit entries, by the clock and the context of the request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._noted: list[dict[str, object]] = []

    def entry(
        self,
        action: str,
        target: Target,
        details: Mapping[str, object],
        outcome: Outcome = Outcome.success,
    ) -> dict[str, object]:
        """Return the values of `RECORD`."""
        if not isinstance(target, tuple):
            target = target.__tablename__, getattr(target, key_of(type(target)))
        kind, target_id = target
        context = current_context()
        values = {
            "id": uuid7(),
            "at": self._clock(),
            **actor_in(context),
            "action": action,
            "target_kind": kind,
            "target_id": None if target_id is None else str(target_id),
            "outcome": outcome.value,
            "address": context.client_ip,
            "request_id": context.request_id,
            "changes": details,
        }
        return {f"new_{name}": value for name, value in values.items()}

    def note(self, entry: dict[str, object]) -> None:
        """Keep an entry until the next call of `take_notes`."""
        self._noted.append(entry)
        if len(self._noted) > MAX_NOTES:
            log.error("looks_not_audited", count=len(self._noted))
            self._noted.clear()

    def take_notes(self) -> list[dict[str, object]]:
        noted, self._noted = self._noted, []
        return noted

    def put_back(self, noted: list[dict[str, object]]) -> None:
        """Keep entries that could not be written, for the next call of `take_notes`."""
        self._noted = noted + self._noted


def actor_in(context: RequestContext) -> dict[str, object]:
    """Return the actor: a user, a key on behalf of its owner, "anonymous" or "system".

    The actor outside requests is "system".
    """
    principal, owner = context.principal, None
    if principal is None:
        actor_id, kind = None, "anonymous" if context.request_id else "system"
    elif principal.key_id:
        actor_id, kind, owner = principal.key_id, "key", principal.id
    else:
        actor_id, kind = principal.id, "user"
    return {"actor_id": actor_id, "actor_kind": kind, "on_behalf_of": owner}
