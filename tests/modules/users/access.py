"""The access table of the module."""

from itertools import count
from typing import Any

from core.testing import PASSWORD, AccessRequest, AccessTable, TestUser

USERS, ADMIN = "/api/v1/users", "/api/v1/admin/users"
NEW_NAME = {"json": {"name": "New Name"}}
numbers = count()


def new_user(_: AccessRequest) -> dict[str, Any]:
    email = f"new{next(numbers)}@example.com"
    return {"json": {"name": "New Person", "email": email, "password": PASSWORD}}


def profile(request: AccessRequest) -> dict[str, Any]:
    whose = request.owner if "{user_id}" in request.path else request.user
    return {"json": {"name": "New Name", "email": whose.email}}


async def own_id(owner: TestUser) -> object:
    return owner.id


ACCESS = AccessTable(
    """
                                               anonymous user other admin disabled key bare_key
GET    /api/v1/admin/permissions               401       403  403   200   401      403 403
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
POST   /api/v1/auth/register                   201       201  201   201   201      403 403
GET    /api/v1/users                           401       403  403   200   401      403 403
POST   /api/v1/users                           401       403  403   201   401      403 403
GET    /api/v1/users/me                        401       200  200   200   401      200 403
PATCH  /api/v1/users/me                        401       200  200   200   401      403 403
PUT    /api/v1/users/me                        401       200  200   200   401      403 403
GET    /api/v1/users/me/activity               401       200  200   200   401      200 403
POST   /api/v1/users/me/deletion               401       202  202   202   401      403 403
GET    /api/v1/users/me/export                 401       200  200   200   401      403 403
GET    /api/v1/users/me/summary                401       200  200   200   401      200 403
DELETE /api/v1/users/{user_id}                 401       403  404   204   401      403 403
GET    /api/v1/users/{user_id}                 401       200  404   200   401      200 403
PATCH  /api/v1/users/{user_id}                 401       200  404   200   401      403 403
PUT    /api/v1/users/{user_id}                 401       200  404   200   401      403 403
""",
    bodies={
        f"POST {ADMIN}": new_user,
        "POST /api/v1/auth/register": new_user,
        f"PATCH {ADMIN}/{{user_id}}": NEW_NAME,
        f"PUT {ADMIN}/{{user_id}}/roles": {"json": {"roles": ["member"]}},
        f"POST {USERS}": new_user,
        f"PUT {USERS}/me": profile,
        f"PATCH {USERS}/me": NEW_NAME,
        f"POST {USERS}/me/deletion": {"json": {"password": PASSWORD}},
        f"PUT {USERS}/{{user_id}}": profile,
        f"PATCH {USERS}/{{user_id}}": NEW_NAME,
    },
    resources={"{user_id}": own_id},
)
