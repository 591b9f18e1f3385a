from litestar import Controller

from core.kit import Page, PageRequest, get, requires
from core.kit.platform import MomentText, moment
from modules.admin.permissions import AUDIT as AUDIT_READ
from modules.admin.queries import AUDIT
from modules.admin.schemas import AuditRead
from modules.admin.service import AuditReader


class AuditController(Controller):
    audit_reader: AuditReader

    @get(
        "/audit",
        summary="Read the audit trail",
        description="`since` and `until` are moments, RFC 3339.",
        policy=requires(AUDIT_READ),
        listing=AUDIT,
    )
    async def list_audit(
        self, page_request: PageRequest, since: MomentText = None, until: MomentText = None
    ) -> Page[AuditRead]:
        bounds = moment("since", since), moment("until", until)
        return AuditRead.paged(await self.audit_reader.page(page_request, bounds))
