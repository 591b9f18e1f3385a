from litestar import Controller

from core.kit import Page, PageRequest, get, requires
from core.kit.platform import TimestampText, timestamp
from modules.admin.permissions import AUDIT
from modules.admin.queries import AUDIT_ENTRIES
from modules.admin.schemas import AuditRead
from modules.admin.service import AuditReader


class AuditController(Controller):
    audit_reader: AuditReader

    @get(
        "/audit",
        summary="Read the audit trail",
        description="`since` and `until` are timestamps of RFC 3339.",
        policy=requires(AUDIT),
        listing=AUDIT_ENTRIES,
    )
    async def list_audit(
        self, page_request: PageRequest, since: TimestampText = None, until: TimestampText = None
    ) -> Page[AuditRead]:
        bounds = timestamp("since", since), timestamp("until", until)
        return AuditRead.paged(await self.audit_reader.page(page_request, bounds))
