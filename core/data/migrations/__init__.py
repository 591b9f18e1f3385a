"""Migrations: one history per module, applied under one lock."""

from core.data.migrations.commands import check, current, downgrade, pending, revision, upgrade
from core.data.migrations.revisions import Difference, History, MigrationError, histories_of

__all__ = [
    "Difference",
    "History",
    "MigrationError",
    "check",
    "current",
    "downgrade",
    "histories_of",
    "pending",
    "revision",
    "upgrade",
]
