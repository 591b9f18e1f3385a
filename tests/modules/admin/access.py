"""The access table of the module."""

from uuid import uuid4

from core.testing import AccessTable
from tests.modules.auth.access import first_session
from tests.modules.files.access import new_file
from tests.modules.users.access import new_person, own_id

ADMIN = "/api/v1/admin"
NO_EVENT = str(uuid4())

ACCESS = AccessTable(
    """
                                               anonymous user other admin disabled key bare_key
GET    /api/v1/admin/audit                     401       403  403   200   401      403 403
GET    /api/v1/admin/events                    401       403  403   200   401      403 403
DELETE /api/v1/admin/events/{event_id}         401       403  403   404   401      403 403
POST   /api/v1/admin/events/{event_id}/retry   401       403  403   404   401      403 403
GET    /api/v1/admin/files                     401       403  403   200   401      403 403
DELETE /api/v1/admin/files/{file_id}           401       403  403   204   401      403 403
GET    /api/v1/admin/maintenance               401       403  403   200   401      403 403
POST   /api/v1/admin/maintenance               401       403  403   200   401      403 403
GET    /api/v1/admin/modules                   401       403  403   200   401      403 403
GET    /api/v1/admin/permissions               401       403  403   200   401      403 403
GET    /api/v1/admin/sessions                  401       403  403   200   401      403 403
DELETE /api/v1/admin/sessions/{session_id}     401       403  403   204   401      403 403
GET    /api/v1/admin/stats                     401       401  401   401   401      401 401
GET    /api/v1/admin/users                     401       403  403   200   401      403 403
POST   /api/v1/admin/users                     401       403  403   201   401      403 403
DELETE /api/v1/admin/users/{user_id}           401       403  403   204   401      403 403
GET    /api/v1/admin/users/{user_id}           401       403  403   200   401      403 403
PATCH  /api/v1/admin/users/{user_id}           401       403  403   200   401      403 403
POST   /api/v1/admin/users/{user_id}/disable   401       403  403   204   401      403 403
POST   /api/v1/admin/users/{user_id}/enable    401       403  403   204   401      403 403
POST   /api/v1/admin/users/{user_id}/logout    401       403  403   204   401      403 403
GET    /api/v1/admin/users/{user_id}/roles     401       403  403   200   401      403 403
PUT    /api/v1/admin/users/{user_id}/roles     401       403  403   200   401      403 403
""",
    bodies={
        f"POST {ADMIN}/maintenance": {"json": {"enabled": False}},
        f"POST {ADMIN}/users": new_person,
        f"PATCH {ADMIN}/users/{{user_id}}": {"json": {"name": "New Name"}},
        f"PUT {ADMIN}/users/{{user_id}}/roles": {"json": {"roles": ["member"]}},
    },
    resources={
        "{event_id}": NO_EVENT,
        "{file_id}": new_file,
        "{session_id}": first_session,
        "{user_id}": own_id,
    },
)
