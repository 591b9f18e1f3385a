"""Refused and failed attempts to change something, in the audit trail like those that succeed."""

import structlog

from core.data.audit import AuditTrail, Outcome
from core.data.errors import DatabaseBusy
from core.kernel.errors import Unavailable
from core.kernel.fallbacks import count_fallback
from core.web.context import HttpContext

log = structlog.get_logger(__name__)

UNAUDITED = frozenset({429, 503})
"""Too many, or nobody's fault: counted by the metrics, minute by minute."""


class RefusalAudit:
    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit

    async def record(self, context: HttpContext) -> None:
        """In a transaction of its own, for the one of the act is gone. Never breaks the answer.

        A busy database is not waited for a second time: the row then follows with the next notes,
        and likewise where the database is only busy for the row itself.
        """
        handler = context.scope.get("route_handler")
        action = handler.opt["rules"].audit if handler else None
        if action is None or context.audited or self._counted(context):
            return
        outcome = Outcome.failed if context.status >= 500 else Outcome.refused
        kind, target_id = target_of(context, action)
        if context.code == DatabaseBusy.code:
            self._audit.refuse_later(action, kind, target_id, outcome, status=context.status)
            return
        try:
            await self._audit.refuse(action, kind, target_id, outcome, status=context.status)
        except Unavailable:
            self._audit.refuse_later(action, kind, target_id, outcome, status=context.status)
        except Exception as error:
            count_fallback("refusal_audit")
            log.error("refusal_not_audited", action=action, exc_info=error)

    def _counted(self, context: HttpContext) -> bool:
        return context.principal is None and context.status in UNAUDITED


def target_of(context: HttpContext, action: str) -> tuple[str, str | None]:
    """Return what the path names: the module, and the first id in it.

    Where an anonymous caller is refused because of a user, it is that user, so that the client IP
    in the row goes with the account.
    """
    if context.principal is None and context.about:
        return action.partition(".")[0], str(context.about)
    ids = list(context.scope.get("path_params", {}).values())
    return context.module, str(ids[0])[:100] if ids else None
