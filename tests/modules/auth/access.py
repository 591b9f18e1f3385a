"""The access table of the module."""

from typing import Any

from core.testing import PASSWORD, AccessRequest, AccessTable, TestUser

AUTH = "/api/v1/auth"
KEY: dict[str, Any] = {"json": {"name": "A key", "scopes": ["profile:read"]}}
NEW_PASSWORD = {
    "json": {"current_password": PASSWORD, "new_password": "another horse another battery"}
}


def password(request: AccessRequest) -> dict[str, Any]:
    return {"json": {"email": request.user.email, "password": PASSWORD}}


def password_form(request: AccessRequest) -> dict[str, Any]:
    form = {"grant_type": "password", "username": request.user.email, "password": PASSWORD}
    return {"data": form}


def refresh_token(request: AccessRequest) -> dict[str, Any]:
    return {"json": {"refresh_token": request.user.tokens["refresh_token"]}}


def access_token(request: AccessRequest) -> dict[str, Any]:
    return {"data": {"token": request.user.tokens["access_token"]}}


async def new_key(owner: TestUser) -> object:
    return (await owner.client.post(f"{AUTH}/api-keys", **KEY)).json()["id"]


async def first_session(owner: TestUser) -> object:
    return (await owner.client.get(f"{AUTH}/sessions")).json()["data"][0]["id"]


ACCESS = AccessTable(
    """
                                             anonymous user other admin disabled key bare_key
GET    /.well-known/jwks.json                200       200  200   200   200      200 200
GET    /api/v1/admin/sessions                401       403  403   200   401      403 403
DELETE /api/v1/admin/sessions/{session_id}   401       403  403   204   401      403 403
GET    /api/v1/auth/api-keys                 401       200  200   200   401      403 403
POST   /api/v1/auth/api-keys                 401       201  201   201   401      403 403
DELETE /api/v1/auth/api-keys/{key_id}        401       204  404   404   401      403 403
POST   /api/v1/auth/login                    200       200  200   200   401      403 403
POST   /api/v1/auth/logout                   401       204  204   204   401      403 403
POST   /api/v1/auth/logout-all               401       204  204   204   401      403 403
POST   /api/v1/auth/password/change          401       204  204   204   401      403 403
POST   /api/v1/auth/refresh                  200       200  200   200   401      403 403
POST   /api/v1/auth/revoke                   200       200  200   200   200      403 403
GET    /api/v1/auth/sessions                 401       200  200   200   401      403 403
DELETE /api/v1/auth/sessions/{session_id}    401       204  404   404   401      403 403
POST   /api/v1/auth/step-up                  401       204  204   204   401      403 403
POST   /api/v1/auth/token                    200       200  200   200   400      403 403
""",
    bodies={
        f"POST {AUTH}/api-keys": KEY,
        f"POST {AUTH}/login": password,
        f"POST {AUTH}/password/change": NEW_PASSWORD,
        f"POST {AUTH}/refresh": refresh_token,
        f"POST {AUTH}/revoke": access_token,
        f"POST {AUTH}/step-up": {"json": {"password": PASSWORD}},
        f"POST {AUTH}/token": password_form,
    },
    resources={"{key_id}": new_key, "{session_id}": first_session},
)
