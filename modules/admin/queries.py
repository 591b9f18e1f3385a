from datetime import datetime

from sqlalchemy import TextClause, bindparam, text

from core.kit import Listing, select_rows
from core.kit.platform import AuditEntry, ValueListing

Period = tuple[datetime | None, datetime | None]
"""The first timestamp of a period, and the one before which the period ends."""

AUDIT_ENTRIES = Listing(
    sort=(AuditEntry.at, AuditEntry.id),
    filters={
        "actor": AuditEntry.actor_id,
        "action": AuditEntry.action,
        "target": AuditEntry.target_id,
    },
    default="-at",
)

INSTALLED = ValueListing(("name",), default="name")

SELECT_ALL = select_rows(AuditEntry)
SINCE = SELECT_ALL.where(AuditEntry.at >= bindparam("since"))
UNTIL = SELECT_ALL.where(AuditEntry.at < bindparam("until"))
BETWEEN = SINCE.where(AuditEntry.at < bindparam("until"))


def revision_of(module: str) -> TextClause:
    """Return a query for the revision of an installed module's tables."""
    return text(f"SELECT version_num FROM alembic_version_{module}")  # noqa: S608 (no input)
