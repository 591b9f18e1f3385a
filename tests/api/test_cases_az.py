"""Authorization, from outside: fields, ids and addresses that nobody was asked for (AZ in cases.md)."""

from typing import Any

import pytest
from httpx import AsyncClient

from core.kernel.ids import uuid7
from tests.modules.files.uploads import upload
from tests.people import PASSWORD, Person

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


@pytest.mark.parametrize("field", NOT_YOURS_TO_SAY)
async def test_fields_that_are_not_ones_own_to_set(
    client: AsyncClient, person: Person, field: str
) -> None:
    """AZ-07, AZ-02."""
    before = (await person.client.get(ME)).json()
    more = {field: NOT_YOURS_TO_SAY[field]}
    new = {"name": "New Person", "email": "new@example.com", "password": PASSWORD}
    key = {"name": "A key", "scopes": ["profile:read"]}
    for answer in (
        await client.post(f"{API}/auth/register", json=new | more),
        await person.client.patch(ME, json={"age": 7} | more),
        await person.client.put(ME, json={"name": "New", "email": person.email} | more),
        *(
            [await person.client.post(f"{API}/auth/api-keys", json=key | more)]
            * (field != "scopes")
        ),
    ):
        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"][0]["location"].startswith("body.")
    assert (await person.client.get(ME)).json() == before


@pytest.mark.parametrize(
    "change",
    [{"name": None}, {"email": None}, {"name": 1}, {"name": ["a"]}, {"age": "5"}, {"age": True},
     {"age": 5.5}, {"age": -1}, {"age": []}, {"locale": 1}, {"current_password": 1}],
)  # fmt: skip
async def test_null_and_other_types(person: Person, change: dict[str, Any]) -> None:
    """AZ-08."""
    before = await person.client.get(ME)
    answer = await person.client.patch(ME, json=change)
    assert answer.status_code == 400, answer.text
    assert (await person.client.get(ME)).headers["etag"] == before.headers["etag"]


@pytest.mark.parametrize("form", [str.upper, "{{{}}}".format, "urn:uuid:{}".format,
                                  lambda id_: id_.replace("-", ""), "{}%20".format, "+{}".format])  # fmt: skip
async def test_an_id_written_otherwise_is_the_same_or_nothing(
    person: Person, stranger: Person, form: Any
) -> None:
    """AZ-04."""
    file = await upload(person.client)
    path = f"{API}/files/{form(file['id'])}"
    own = await person.client.get(path)
    assert own.status_code == 404 or own.json() == file
    for method in ("GET", "PATCH", "DELETE"):
        content = {"json": {"visibility": "public"}} if method == "PATCH" else {}
        answer = await stranger.client.request(method, path, **content)
        assert answer.status_code == 404
    assert (await person.client.get(f"{API}/files/{file['id']}")).json() == file


ADMIN = f"{API}/admin/users"
DETOURS = [
    f"{ADMIN}/", f"/{ADMIN}", f"{API}//admin/users", f"{API}/ADMIN/users", f"{API}/admin%2fusers",
    f"{ADMIN};x", f"{ADMIN}%00", f"{ADMIN}%20", f"{API}/users/..%2fadmin/users", f"{ADMIN}.json",
    f"{API}/%61dmin/users", "/admin/users", "/api/v0/admin/users", "/api/admin/users",
]  # fmt: skip


@pytest.mark.parametrize("path", DETOURS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def test_no_detour_leads_to_an_admins_route(
    client: AsyncClient, person: Person, method: str, path: str
) -> None:
    """AZ-05."""
    for each in (client, person.client):
        headers = {"x-original-url": ADMIN, "x-http-method-override": "GET"}
        answer = await each.request(method, path, headers=headers)
        assert answer.status_code in (400, 401, 403, 404, 405)


GUESSES = [
    "/.git/config", "/.env", "/schema", "/schema/swagger", "/debug", "/admin", "/account",
    "/api/v2/users", "/openapi.json", "/static/../core/app.py", "/static/%2e%2e%2fapp.py",
    "/server-status", "/actuator/env", f"{API}/schema", f"{API}/files/shared/x",
]  # fmt: skip


@pytest.mark.parametrize("path", GUESSES)
async def test_what_one_may_guess_is_not_there(client: AsyncClient, path: str) -> None:
    """AZ-16, HT-19."""
    assert (await client.get(path)).status_code in (400, 404)
