"""The access table of the module."""

from uuid import uuid4

from core.testing import AccessTable

ADMIN = "/api/v1/admin"

ACCESS = AccessTable(
    """
                                               anonymous user other admin disabled key bare_key
GET    /api/v1/admin/audit                     401       403  403   200   401      403 403
GET    /api/v1/admin/events                    401       403  403   200   401      403 403
DELETE /api/v1/admin/events/{event_id}         401       403  403   404   401      403 403
POST   /api/v1/admin/events/{event_id}/retry   401       403  403   404   401      403 403
GET    /api/v1/admin/maintenance               401       403  403   200   401      403 403
POST   /api/v1/admin/maintenance               401       403  403   200   401      403 403
GET    /api/v1/admin/modules                   401       403  403   200   401      403 403
GET    /api/v1/admin/stats                     401       401  401   401   401      401 401
""",
    bodies={
        f"POST {ADMIN}/maintenance": {"json": {"enabled": False}},
    },
    resources={"{event_id}": str(uuid4())},
)
