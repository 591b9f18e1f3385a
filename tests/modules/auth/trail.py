"""The entries of the audit log about signing in."""

from typing import Any

from sqlalchemy import select

from core.kit.platform import AuditEntry
from core.testing import CoreContainer

TRAIL = select(
    AuditEntry.action,
    AuditEntry.outcome,
    AuditEntry.actor_id,
    AuditEntry.target_id,
    AuditEntry.address,
).order_by(AuditEntry.id)


async def trail(core: CoreContainer, *actions: str) -> list[Any]:
    """Return action, outcome, actor, target and client IP of each row with one of these actions."""
    async with core.db().read() as reads:
        rows = (await reads.execute(TRAIL)).all()
    return [row for row in rows if row.action in actions]
