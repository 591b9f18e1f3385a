"""Maintenance, statistics and users over HTTP (AD in cases.md)."""

from asyncio import gather
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import Executable, func, select

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.data.models import Base
from core.engine.sql import NOTHING, Values
from core.engine.sql.reads import PlannedReads
from core.testing import TestUser, client_of
from core.testing.races import order
from core.wiring.container import CoreContainer
from modules.users.plugin import Plugin as UsersPlugin
from modules.users.samples import SampleUsers
from tests.modules.files.uploads import upload

API = "/api/v1"
SWITCH = f"{API}/admin/maintenance"


WAYS = [
    f"{API}/users/me", f"{API}/files", f"{API}/auth/register", f"/{API}/users/me",
    f"{API}/USERS/me", f"{API}/users/me/", "/api/v0/users/me",
]  # fmt: skip
CLOSED = (f"{API}/users/me", f"{API}/nowhere", f"{API}/auth/nowhere", f"{API}/users/me/x", API)
SPOOFED = {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": "localhost",
    "x-original-url": "/health",
    "x-maintenance": "off",
    "cookie": "role=admin",
}


async def test_maintenance_has_no_way_around(
    client: AsyncClient, admin: TestUser, user: TestUser
) -> None:
    """AD-04."""
    await admin.client.post(SWITCH, json={"enabled": True})
    found = set()
    for path in WAYS:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            for each in (client, user.client):
                answer = await each.request(method, path, headers=SPOOFED)
                found.add(answer.status_code)
                assert "retry-after" in answer.headers or answer.status_code == 404
    assert found == {404, 503}
    for path in CLOSED:
        assert (await user.client.get(path)).status_code == 503, path
        assert (await admin.client.get(path)).status_code in (200, 404), path


async def test_maintenance_outlives_a_restart(
    app: Litestar, admin: TestUser, user: TestUser, settings: Settings, log_lines: LogWriter
) -> None:
    """AD-02."""
    await admin.client.post(SWITCH, json={"enabled": True, "message": "Back at noon."})
    restarted = create_app(settings, lines=log_lines)
    token = user.client.headers["authorization"]
    async with restarted.lifespan(), client_of(restarted, authorization=token) as again:
        closed = await again.get(f"{API}/users/me")
        assert (closed.status_code, closed.json()["detail"]) == (503, "Back at noon.")
        await admin.client.post(SWITCH, json={"enabled": False})
        assert (await again.get(f"{API}/users/me")).status_code == 200


async def test_a_disabled_admin_does_not_pass(
    app: Litestar, admin: TestUser, user: TestUser
) -> None:
    """AD-04."""
    roles = f"{API}/admin/users/{user.id}/roles"
    assert (await admin.client.put(roles, json={"roles": ["admin"]})).status_code == 200
    await admin.client.post(SWITCH, json={"enabled": True})
    assert (await user.client.get(f"{API}/users/me")).status_code == 200
    await admin.client.post(f"{API}/admin/users/{user.id}/disable")
    assert (await user.client.get(f"{API}/users/me")).status_code in (401, 503)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Executable]:
    """Return the list of single-value statements that requests execute."""
    executed: list[Executable] = []
    scalar = PlannedReads.scalar

    async def spied(reads: PlannedReads, statement: Executable, values: Values = NOTHING) -> object:
        executed.append(statement)
        return await scalar(reads, statement, values)

    monkeypatch.setattr(PlannedReads, "scalar", spied)
    return executed


@pytest.mark.usefixtures("patience")
async def test_stats_hold_figures_and_no_names(
    admin: TestUser, user: TestUser, counted: list[Executable]
) -> None:
    """AD-10: the users are not counted for each of many requests."""
    key = {"name": "Figures", "scopes": ["stats:read"]}
    made = await admin.client.post(f"{API}/auth/api-keys", json=key)
    headers = {"x-api-key": made.json()["key"]}
    asked = (admin.client.get(f"{API}/admin/stats", headers=headers) for _ in range(20))
    for answer in await gather(*asked):
        assert answer.status_code == 200
        assert "example.com" not in answer.text and "Person" not in answer.text
        assert [answer.json()["users"][name] for name in ("total", "active")] == [2, 2]
    assert 2 <= len([one for one in counted if "FROM users" in str(one)]) <= 20


async def test_all_data_of_a_user_goes_with_the_user(
    client: AsyncClient, admin: TestUser, user: TestUser, other_user: TestUser, core: CoreContainer
) -> None:
    """AD-08: files, their content, API keys, sessions, and rows in each table of each module."""
    draft = {"name": "A key", "scopes": ["profile:read", "files:read"]}
    key = (await user.client.post(f"{API}/auth/api-keys", json=draft)).json()["key"]
    kept, gone = await upload(other_user.client), await upload(user.client)
    assert (await admin.client.delete(f"{API}/admin/users/{user.id}")).status_code == 204
    await core.relay().deliver_all()
    assert (await client.get(f"{API}/users/me", headers={"x-api-key": key})).status_code == 401
    assert (await user.client.get(f"{API}/files")).status_code == 401
    refresh = {"refresh_token": user.tokens["refresh_token"]}
    assert (await client.post(f"{API}/auth/refresh", json=refresh)).status_code == 401
    assert (await admin.client.get(f"{API}/files/{gone['id']}")).status_code == 404
    assert (await other_user.client.get(f"{API}/files/{kept['id']}/download")).status_code == 200
    files = core.settings().data_dir / "files" / "objects"
    assert len([each for each in files.rglob("*") if each.is_file()]) == 1
    assert await rows_of(core, user.id) == {}
    assert "users" in await rows_of(core, other_user.id)


async def rows_of(core: CoreContainer, user_id: UUID) -> dict[str, int]:
    """Return the number of rows about the user per table, except the audit log, which keeps ids."""
    users, found = Base.metadata.tables["users"], {}
    async with core.db().read() as reads:
        for table in Base.metadata.sorted_tables:
            theirs = [column for column in table.c if column.references(users.c.id)]
            for column in [users.c.id] if table is users else theirs:
                count = select(func.count()).select_from(table).where(column == user_id)
                if rows := await reads.scalar(count):
                    found[table.name] = rows
    return found


USERS = f"{API}/admin/users"
NEW = {"name": "New Person", "email": "new@example.com", "password": "a long and plain sentence"}


async def test_one_address_is_one_user(admin: TestUser, user: TestUser) -> None:
    """AD-08: in each spelling, and by each route."""
    await admin.client.post(USERS, json=NEW)
    before = (await admin.client.get(USERS)).json()
    for path in (USERS, f"{API}/users", f"{API}/auth/register"):
        for email in ("new@example.com", "NEW@example.com", " New@EXAMPLE.com "):
            again = await admin.client.post(path, json=NEW | {"email": email})
            assert (again.status_code, again.json()["code"]) == (409, "users.email_taken")
    taken = await admin.client.patch(f"{USERS}/{user.id}", json={"email": "new@Example.com"})
    assert (taken.status_code, taken.json()["code"]) == (409, "users.email_taken")
    assert (await admin.client.get(USERS)).json() == before


async def test_an_admin_goes_only_where_another_stays(admin: TestUser, user: TestUser) -> None:
    """AD-08."""
    oneself = f"{USERS}/{admin.id}"
    refused = await admin.client.post(f"{oneself}/disable")
    assert (refused.status_code, refused.json()["code"]) == (409, "admin.last_admin")
    assert (await admin.client.get(oneself)).json()["is_active"] is True
    roles = {"roles": ["admin", "member"]}
    await admin.client.put(f"{USERS}/{user.id}/roles", json=roles)
    assert (await admin.client.post(f"{oneself}/disable")).status_code == 204
    assert (await admin.client.get(oneself)).status_code == 401
    assert (await user.client.get(oneself)).json()["is_active"] is False
    assert (await user.client.post(f"{USERS}/{user.id}/disable")).status_code == 409


async def test_a_search_for_users_has_no_wildcards(admin: TestUser) -> None:
    """AD-08: in a name or an e-mail address, shorter and longer than the index requires."""
    half, snake, slash = "Half 50% Off", "Snake_Case", "Back\\slash"
    people = [half, "Half 50 1 Off", snake, "SnakeXCase", slash]
    for number, name in enumerate(people):
        body = NEW | {"name": name, "email": f"{number}@example.com"}
        assert (await admin.client.post(USERS, json=body)).status_code == 201
    for text, found in {
        "%": [half], "50%": [half], "50% o": [half], "_": [snake], "e_c": [snake], "\\": [slash],
        "snake_case": [snake], "%%": [], "s%e": [], "snake%": [], "____": [], "@ex%": [],
        "\\%": [], "50": people[1::-1],
    }.items():  # fmt: skip
        answer = await admin.client.get(USERS, params={"search": text})
        assert [each["name"] for each in answer.json()["data"]] == found, text


@pytest.mark.parametrize("sort", ["-created_at", "name"])
async def test_thousands_are_walked_through_while_others_come_and_go(
    app: Litestar, admin: TestUser, sort: str
) -> None:
    """AD-08: each user who exists for the whole time is listed exactly once."""
    samples = app.plugins.get(UsersPlugin).provider(SampleUsers)()
    await samples.add(3000, lambda _: None)
    present, came, went = await walk(admin, sort), set[str](), set[str]()
    assert len(present) == len(set(present)) == 3001
    leaving = [each for each in present if each != str(admin.id)]

    async def come_and_go() -> None:
        """Add and delete users at any position of the list."""
        name = f"{order.choice('ABMYZ')}nother"
        body = NEW | {"name": name, "email": f"{len(came)}@example.com"}
        came.add((await admin.client.post(USERS, json=body)).json()["id"])
        gone = leaving.pop(order.randrange(len(leaving)))
        assert (await admin.client.delete(f"{USERS}/{gone}")).status_code == 204
        went.add(gone)

    seen = await walk(admin, sort, come_and_go)
    assert len(came) == len(went) >= 30
    assert len(seen) == len(set(seen))
    assert {*present} - went <= {*seen} <= {*present} | came


async def nothing() -> None: ...


async def walk(
    admin: TestUser, sort: str, meanwhile: Callable[[], Awaitable[None]] = nothing
) -> list[str]:
    """Return the ids in the order of the cursor; `meanwhile` runs during each page."""
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"sort": sort, "per_page": "100", "cursor": cursor}
        answer, _ = await gather(admin.client.get(USERS, params=query), meanwhile())
        ids += [each["id"] for each in answer.json()["data"]]
        cursor = answer.json()["next_cursor"]
    return ids
