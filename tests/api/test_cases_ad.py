"""Maintenance and figures, from outside (AD in cases.md)."""

from asyncio import gather
from uuid import UUID

from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import func, select

from config.lines import Lines
from config.settings import Settings
from core.app import create_app
from core.data.models import Base
from core.wiring.container import CoreContainer
from tests.modules.files.uploads import upload
from tests.people import Person, client_of

API = "/api/v1"
SWITCH = f"{API}/admin/maintenance"


WAYS = [
    f"{API}/users/me", f"{API}/files", f"{API}/auth/register", f"/{API}/users/me",
    f"{API}/USERS/me", f"{API}/users/me/", "/api/v0/users/me",
]  # fmt: skip
SPOOFED = {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": "localhost",
    "x-original-url": "/health",
    "x-maintenance": "off",
    "cookie": "role=admin",
}


async def test_maintenance_has_no_way_around(
    client: AsyncClient, admin: Person, person: Person
) -> None:
    """AD-04."""
    await admin.client.post(SWITCH, json={"enabled": True})
    found = set()
    for path in WAYS:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            for each in (client, person.client):
                answer = await each.request(method, path, headers=SPOOFED)
                found.add(answer.status_code)
                assert "retry-after" in answer.headers or answer.status_code == 404
    assert found == {404, 503}


async def test_maintenance_outlives_a_restart(
    app: Litestar, admin: Person, person: Person, settings: Settings, log_lines: Lines
) -> None:
    """AD-02."""
    await admin.client.post(SWITCH, json={"enabled": True, "message": "Back at noon."})
    restarted = create_app(settings, lines=log_lines)
    token = person.client.headers["authorization"]
    async with restarted.lifespan(), client_of(restarted, authorization=token) as again:
        closed = await again.get(f"{API}/users/me")
        assert (closed.status_code, closed.json()["detail"]) == (503, "Back at noon.")
        await admin.client.post(SWITCH, json={"enabled": False})
        assert (await again.get(f"{API}/users/me")).status_code == 200


async def test_a_disabled_admin_does_not_pass(app: Litestar, admin: Person, person: Person) -> None:
    """AD-04."""
    roles = f"{API}/admin/users/{person.id}/roles"
    assert (await admin.client.put(roles, json={"roles": ["admin"]})).status_code == 200
    await admin.client.post(SWITCH, json={"enabled": True})
    assert (await person.client.get(f"{API}/users/me")).status_code == 200
    await admin.client.post(f"{API}/admin/users/{person.id}/disable")
    assert (await person.client.get(f"{API}/users/me")).status_code in (401, 503)


async def test_stats_hold_figures_and_no_names(admin: Person, person: Person) -> None:
    """AD-10."""
    key = {"name": "Figures", "scopes": ["stats:read"]}
    made = await admin.client.post(f"{API}/auth/api-keys", json=key)
    headers = {"x-api-key": made.json()["key"]}
    asked = (admin.client.get(f"{API}/admin/stats", headers=headers) for _ in range(20))
    for answer in await gather(*asked):
        assert answer.status_code == 200
        assert "example.com" not in answer.text and "Person" not in answer.text


async def test_with_a_person_goes_all_they_had(
    client: AsyncClient, admin: Person, person: Person, stranger: Person, core: CoreContainer
) -> None:
    """AD-08: files and their bytes, keys, sessions and what stands in any table of any module."""
    draft = {"name": "A key", "scopes": ["profile:read", "files:read"]}
    key = (await person.client.post(f"{API}/auth/api-keys", json=draft)).json()["key"]
    kept, gone = await upload(stranger.client), await upload(person.client)
    assert (await admin.client.delete(f"{API}/admin/users/{person.id}")).status_code == 204
    await core.relay().deliver_all()
    assert (await client.get(f"{API}/users/me", headers={"x-api-key": key})).status_code == 401
    assert (await person.client.get(f"{API}/files")).status_code == 401
    refresh = {"refresh_token": person.tokens["refresh_token"]}
    assert (await client.post(f"{API}/auth/refresh", json=refresh)).status_code == 401
    assert (await admin.client.get(f"{API}/files/{gone['id']}")).status_code == 404
    assert (await stranger.client.get(f"{API}/files/{kept['id']}/download")).status_code == 200
    files = core.settings().storage_path / "objects"
    assert len([each for each in files.rglob("*") if each.is_file()]) == 1
    assert await rows_of(core, person.id) == {}
    assert "users" in await rows_of(core, stranger.id)


async def rows_of(core: CoreContainer, user_id: UUID) -> dict[str, int]:
    """In each table that refers to people, and in theirs; the audit trail holds ids for good."""
    users, found = Base.metadata.tables["users"], {}
    async with core.db().read() as reads:
        for table in Base.metadata.sorted_tables:
            theirs = [column for column in table.c if column.references(users.c.id)]
            for column in [users.c.id] if table is users else theirs:
                count = select(func.count()).select_from(table).where(column == user_id)
                if rows := await reads.scalar(count):
                    found[table.name] = rows
    return found
