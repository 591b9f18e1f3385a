"""Authorization over HTTP: unexpected fields, ids and URLs (AZ in cases.md)."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx import AsyncClient

from core.kernel.ids import uuid7
from core.testing import PASSWORD, TestUser
from core.wiring.container import CoreContainer
from tests.api.document import operations, send
from tests.api.holdings import everything, things_of
from tests.modules.files.uploads import upload

API = "/api/v1"
ME = f"{API}/users/me"
NOT_YOURS_TO_SAY: dict[str, Any] = {
    "role": "admin",
    "roles": ["admin"],
    "permissions": ["users:write"],
    "is_admin": True,
    "is_active": False,
    "is_verified": True,
    "email_verified_at": "2026-01-01T00:00:00Z",
    "id": str(uuid7()),
    "owner_id": str(uuid7()),
    "version": 7,
    "created_at": "2026-01-01T00:00:00Z",
    "createdAt": "2026-01-01T00:00:00Z",
    "password_hash": "x",
    "quota_bytes": 10**12,
    "scopes": ["files:read"],
    "__class__": "Admin",
    "Name": "Name",
    "user": {"roles": ["admin"]},
}


async def test_fields_that_are_not_ones_own_to_set(client: AsyncClient, user: TestUser) -> None:
    """AZ-07."""
    before = (await user.client.get(ME)).json()
    new = {"name": "New Person", "email": "new@example.com", "password": PASSWORD}
    for field, value in NOT_YOURS_TO_SAY.items():
        more = {field: value}
        for answer in (
            await client.post(f"{API}/auth/register", json=new | more),
            await user.client.patch(ME, json={"age": 7} | more),
            await user.client.put(ME, json={"name": "New", "email": user.email} | more),
        ):
            assert answer.status_code == 400, answer.text
            assert answer.json()["errors"][0]["location"].startswith("body."), field
    assert (await user.client.get(ME)).json() == before


@pytest.mark.parametrize("backend", ["sqlite"])  # the validity does not depend on it
async def test_null_and_other_types_are_refused(
    client: AsyncClient, admin: TestUser, core: CoreContainer
) -> None:
    """AZ-08: at each location of each documented body, sent by a user with all permissions."""
    things, before = await things_of(admin), await everything(core)
    accepted, tried = [], 0
    for operation in [each for each in await operations(client) if each.is_write]:
        for kind, body in operation.bodies.items():
            for place, wrong in operation.mistakes(body) if "json" in kind else ():
                path, tried = operation.at(things), tried + 1
                answer = await send(admin.client, operation.method, path, kind, wrong)
                named = [each["location"] for each in answer.json().get("errors", ())]
                if answer.status_code != 400 or place not in named:
                    accepted.append((operation.name, place, wrong, answer.text))
    assert accepted == []
    assert tried > 400
    assert await everything(core) == before


FORMS: list[Callable[[str], str]] = [
    str.upper, "{{{}}}".format, "urn:uuid:{}".format, "{}%20".format, "+{}".format,
    lambda plain: plain.replace("-", ""),
]  # fmt: skip


async def test_an_id_written_otherwise_is_the_same_or_nothing(
    user: TestUser, other_user: TestUser
) -> None:
    """AZ-04."""
    file = await upload(user.client)
    for form in FORMS:
        path = f"{API}/files/{form(file['id'])}"
        own = await user.client.get(path)
        assert own.status_code in (400, 404) or own.json() == file
        for answer in (
            await other_user.client.get(path),
            await other_user.client.patch(path, json={"visibility": "public"}),
            await other_user.client.delete(path),
        ):
            assert answer.status_code in (400, 404)
    assert (await user.client.get(f"{API}/files/{file['id']}")).json() == file


ADMIN = f"{API}/admin/users"
DETOURS = [
    f"{ADMIN}/", f"/{ADMIN}", f"{API}//admin/users", f"{API}/ADMIN/users", f"{API}/admin%2fusers",
    f"{ADMIN};x", f"{ADMIN}%00", f"{ADMIN}%20", f"{API}/users/..%2fadmin/users", f"{ADMIN}.json",
    f"{API}/%61dmin/users", "/admin/users", "/api/v0/admin/users", "/api/admin/users",
]  # fmt: skip


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


async def test_no_detour_leads_to_an_admins_route(client: AsyncClient, user: TestUser) -> None:
    """AZ-05."""
    headers = {"x-original-url": ADMIN, "x-http-method-override": "GET"}
    for path in DETOURS:
        for method in METHODS:
            for each in (client, user.client):
                answer = await each.request(method, path, headers=headers)
                assert answer.status_code in (400, 401, 403, 404, 405), (method, path)


GUESSES = [
    "/.git/config", "/.env", "/schema", "/schema/swagger", "/debug", "/admin", "/account",
    "/api/v2/users", "/openapi.json", "/static/../core/app.py", "/static/%2e%2e%2fapp.py",
    "/server-status", "/actuator/env", f"{API}/schema", f"{API}/files/shared/x",
]  # fmt: skip


async def test_what_one_may_guess_is_not_there(client: AsyncClient) -> None:
    """AZ-16, HT-19."""
    for path in GUESSES:
        assert (await client.get(path)).status_code in (400, 404), path
