"""Audit entries for operations that were refused or failed."""

import structlog

from core.data.audit import Outcome
from core.data.database import Database
from core.engine.sql import DatabaseBusy
from core.kernel.errors import Unavailable
from core.kernel.fallbacks import count_fallback
from core.web.context import HttpContext

log = structlog.get_logger(__name__)

UNAUDITED = frozenset({429, 503})
"""The statuses that are not audited for anonymous callers; the metrics count them."""


class RefusalAudit:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(self, context: HttpContext) -> None:
        """Record the error in a new transaction, because that of the operation was rolled back.

        An exception is logged, and the response is sent as usual. If the database is busy, for the
        operation or for the audit entry, the entry is written later with the next notes.
        """
        action = context.options.audit
        if action is None or context.audited or self._counted(context):
            return
        outcome = Outcome.failed if context.status >= 500 else Outcome.refused
        target, status = target_of(context, action), context.status
        if context.code == DatabaseBusy.code:
            self._db.record_later(action, target, outcome=outcome, status=status)
            return
        try:
            async with self._db.transaction() as tx:
                await tx.record(action, target, outcome=outcome, status=status)
        except Unavailable:
            self._db.record_later(action, target, outcome=outcome, status=status)
        except Exception as error:
            count_fallback("refusal_audit")
            log.error("refusal_not_audited", action=action, exc_info=error)

    def _counted(self, context: HttpContext) -> bool:
        return context.principal is None and context.status in UNAUDITED


def target_of(context: HttpContext, action: str) -> tuple[str, str | None]:
    """Return the module of the route and the first id in the path.

    If an anonymous request was refused because of a user, return the module of the action and the
    id of that user, so that the client IP in the entry belongs to the account.
    """
    if context.principal is None and context.about:
        return action.partition(".")[0], str(context.about)
    ids = list(context.scope.get("path_params", {}).values())
    return context.options.module, str(ids[0])[:100] if ids else None
