"""The erasure of a user: the data that is left, and requests of other users meanwhile."""

from asyncio import Event, create_task
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from sqlite3 import connect
from typing import Any
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient
from litestar import Litestar
from sqlalchemy import func, select, text, update
from time_machine import travel

from config.settings import Settings
from core.kit import Module, utc_now
from core.kit.platform import AuditEntry
from core.testing import (
    PASSWORD,
    CoreContainer,
    TestUser,
    client_of,
    core_of,
    register,
    sign_in,
)
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.accounts import AccountService
from tests.modules.users.asking import ME, USERS, rows_of_passwords, statistic

API = "/api/v1"
CANARY = "zzcanary"
ADDRESS = "203.0.113.77"
POSTS = pytest.mark.needs("posts")


@pytest.fixture
def overrides(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("USERS_DELETION_GRACE_DAYS", "0")
    return {}


@pytest.fixture
async def canary(app: Litestar) -> AsyncIterator[AsyncClient]:
    """Yield a client of a user who stores the mark in each possible location."""
    transport = ASGITransport(app, client=(ADDRESS, 1), raise_app_exceptions=False)  # type: ignore[arg-type]
    headers = {"user-agent": f"{CANARY}-agent/1.0", "x-request-id": "a-request-of-theirs"}
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


def key(what: str) -> dict[str, str]:
    return {"idempotency-key": f"{CANARY}-{what}"}


async def leave_marks(client: AsyncClient) -> None:
    """Send requests whose responses are stored wherever possible."""
    email = f"{CANARY}@example.com"
    new = {"name": f"{CANARY} name", "email": email, "password": PASSWORD}
    registered = await client.post(f"{API}/auth/register", json=new, headers=key("register"))
    assert registered.status_code == 201, registered.text
    wrong = {"email": email, "password": f"{CANARY} is not it"}
    assert (await client.post(f"{API}/auth/login", json=wrong)).status_code == 401
    again = {**new, "email": email.upper()}
    taken = await client.post(f"{API}/auth/register", json=again, headers=key("again"))
    assert taken.status_code == 409, taken.text
    ended = await sign_in(client, email)
    revoked = await client.post(f"{API}/auth/revoke", data={"token": ended["refresh_token"]})
    assert revoked.status_code == 200, revoked.text
    tokens = await sign_in(client, email)
    client.headers["authorization"] = f"Bearer {tokens['access_token']}"
    file = {"file": (f"{CANARY}.txt", f"{CANARY} content".encode())}
    made = [
        await client.post(f"{API}/files/upload", files=file, headers=key("upload")),
        await client.post(f"{API}/auth/api-keys", json=api_key(), headers=key("key")),
        await client.post(f"{USERS}/me/deletion", json={"password": CANARY}, headers=key("no")),
    ]
    assert [each.status_code for each in made] == [201, 201, 403]
    changed = {"name": f"{CANARY} other", "locale": "ko"}
    assert (await client.patch(ME, json=changed)).status_code == 200
    assert (await client.get(f"{API}/files", params={"search": CANARY})).json()["total"] == 1


def api_key() -> dict[str, Any]:
    return {"name": f"{CANARY} key", "scopes": ["files:read"], "expires_in_days": 1}


async def test_nothing_of_an_erased_user_is_left_in_any_table_or_file(
    canary: AsyncClient, admin: TestUser, core: CoreContainer, settings: Settings
) -> None:
    await leave_marks(canary)
    first_admin = settings.data_dir / "first-admin.txt"
    first_admin.write_text(f"{CANARY}@example.com\n{PASSWORD}\n")
    user_id = (await canary.get(ME)).json()["id"]
    assert await rows_of_passwords(core, UUID(user_id)) == 1
    before = [each async for each in places(core, settings, CANARY)]
    assert {"users", "files", "auth_sessions", "auth_api_keys", "core_idempotency"} <= {*before}
    assert "core_audit" in [each async for each in places(core, settings, ADDRESS)]
    left = await canary.post(f"{ME}/deletion", json={"password": PASSWORD}, headers=key("leave"))
    assert left.status_code == 202, left.text
    assert (await canary.get(ME)).status_code == 401
    assert await rows_of_passwords(core, UUID(user_id)) == 0, "removed with the account at once"
    await core.relay().deliver_all()
    for mark in (CANARY, ADDRESS):
        assert [each async for each in places(core, settings, mark)] == []
    assert not first_admin.exists()
    assert not await raw_database_has(core, settings, CANARY)
    trail = await admin.client.get(f"{API}/admin/audit", params={"target": user_id})
    assert {each["action"] for each in trail.json()["data"]} >= {"users.create", "users.erase"}


@POSTS
async def test_nothing_of_what_an_erased_user_published_is_left(
    canary: AsyncClient, admin: TestUser, app: Litestar, core: CoreContainer, settings: Settings
) -> None:
    await leave_marks(canary)
    user_id = UUID((await canary.get(ME)).json()["id"])
    roles = {"roles": ["member", "admin"]}
    granted = await admin.client.put(f"{API}/admin/users/{user_id}/roles", json=roles)
    assert granted.status_code == 200, granted.text
    post = {"title": f"{CANARY} title", "content": f"{CANARY} content"}
    published = await canary.post(f"{API}/posts", json=post, headers=key("post"))
    assert published.status_code == 201, published.text
    assert "posts" in [each async for each in places(core, settings, CANARY)]
    assert (await admin.client.delete(f"{USERS}/{user_id}")).status_code == 204
    await core.relay().deliver_all()
    assert [each async for each in places(core, settings, CANARY)] == []
    found = await admin.client.get(f"{API}/posts", params={"search": CANARY})
    assert found.json()["total"] == 0


async def places(core: CoreContainer, settings: Settings, mark: str) -> AsyncIterator[str]:
    """Yield each table with the mark in a column, shadow tables of indexes too, and each file."""
    for table in await tables(core):
        async with core.db().read() as reads:
            rows = (await reads.execute(text(f'SELECT * FROM "{table}"'))).all()  # noqa: S608
        if any(mark in as_text(value) for row in rows for value in row):
            yield table
    for path in kept_files(settings.data_dir):
        if mark.encode() in path.read_bytes() or mark in path.name:
            yield str(path.relative_to(settings.data_dir))


async def raw_database_has(core: CoreContainer, settings: Settings, mark: str) -> bool:
    """Search the file of SQLite with its free pages, after a checkpoint of its log."""
    if core.db().engine.dialect.name != "sqlite":
        return False
    path = settings.data_dir / "atrium.db"
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return mark.encode() in path.read_bytes()


async def tables(core: CoreContainer) -> list[str]:
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
    postgres = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    is_sqlite = core.db().engine.dialect.name == "sqlite"
    async with core.db().read() as reads:
        return [*await reads.scalars(text(sqlite if is_sqlite else postgres))]


def as_text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def kept_files(folder: Path) -> Iterator[Path]:
    """Yield each file except the database itself, whose tables are searched."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("atrium.db"):
            yield path


async def test_an_export_tells_of_kept_answers(canary: AsyncClient) -> None:
    await leave_marks(canary)
    exported = (await canary.get(f"{ME}/export")).json()["data"]["core.idempotency"]
    assert {each["status"] for each in exported} == {201, 409}
    assert any(f"{CANARY}.txt" in each["body"] for each in exported)


async def test_who_is_being_erased_is_seen_nowhere_and_signs_in_nowhere(
    app: Litestar, users: Module, user: TestUser, admin: TestUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_yet(user_id: UUID) -> None:
        raise RuntimeError("not yet")

    monkeypatch.setattr(users.provider(AccountDeletion)(), "erase", not_yet)
    actor = {"roles": ["admin", "member"]}
    assert (
        await admin.client.put(f"{API}/admin/users/{user.id}/roles", json=actor)
    ).status_code == 200
    assert (await admin.client.delete(f"{USERS}/{user.id}")).status_code == 204
    assert (await user.client.get(ME)).status_code == 401
    body = {"email": user.email, "password": user.password}
    async with client_of(app) as client:
        assert (await client.post(f"{API}/auth/login", json=body)).status_code == 401
    for listed in (USERS, f"{API}/admin/users"):
        for query in ({}, {"search": "person@"}, {"sort": "name"}, {"cursor": ""}):
            found = (await admin.client.get(listed, params=query)).json()["data"]
            assert str(user.id) not in [each["id"] for each in found]
        total = (await admin.client.get(listed)).json()["total"]
        assert total == 1
    path = f"{API}/admin/users/{user.id}"
    asked = [
        await admin.client.get(path),
        await admin.client.patch(path, json={"name": "Some Body"}),
        await admin.client.post(f"{path}/enable"),
        await admin.client.delete(path),
        await admin.client.get(f"{USERS}/{user.id}"),
    ]
    assert {each.status_code for each in asked} == {404}
    assert await statistic(core_of(app), "users.total") == 1
    assert await users.provider(AccountService)().by_id(user.id) is None
    async with register(app, user.email, "A Namesake") as again:
        assert again.id != user.id


async def test_a_client_ip_written_after_an_erasure_is_cleared_an_hour_later(
    user: TestUser, core: CoreContainer
) -> None:
    """The audit log has an upload that is refused because its owner was erased meanwhile."""
    begun, goes_on = Event(), Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"--a\r\n"
        begun.set()
        await goes_on.wait()
        yield b'Content-Disposition: form-data; name="file"; filename="a.exe"\r\n\r\n--a--'

    form = {"content-type": "multipart/form-data; boundary=a"}
    upload = create_task(user.client.post(f"{API}/files/upload", content=body(), headers=form))
    await begun.wait()
    left = await user.client.post(f"{ME}/deletion", json={"password": PASSWORD})
    assert left.status_code == 202
    await core.relay().deliver_all()
    assert await addressed(core, "files.upload") == []
    goes_on.set()
    assert (await upload).status_code == 400
    assert await addressed(core, "files.upload") == [True]
    with travel(utc_now() + timedelta(minutes=61), tick=True):
        await core.relay().deliver_all()
    assert await addressed(core, "files.upload") == [False]


async def test_what_an_anonymous_client_did_to_an_account_names_the_account(
    app: Litestar, user: TestUser, admin: TestUser
) -> None:
    """The client IP in the row is then found, and cleared, with the account."""
    body = {"name": "Ada", "email": user.email, "password": PASSWORD}
    async with client_of(app) as anonymous:
        assert (await anonymous.post(f"{API}/auth/register", json=body)).status_code == 409
        token = {"token": user.tokens["refresh_token"]}
        assert (await anonymous.post(f"{API}/auth/revoke", data=token)).status_code == 200
        unknown = {**body, "password": "short"}
        assert (await anonymous.post(f"{API}/auth/register", json=unknown)).status_code == 400
    trail = (await admin.client.get(f"{API}/admin/audit", params={"target": str(user.id)})).json()
    rows = [each for each in trail["data"] if each["actor_id"] is None]
    assert {(each["action"], each["outcome"]) for each in rows} == {
        ("users.create", "success"),
        ("users.create", "refused"),
        ("auth.revoke", "success"),
    }
    assert {each["target_kind"] for each in rows} == {"users"}


async def test_client_ips_are_cleared_once_they_are_old(
    user: TestUser, core: CoreContainer
) -> None:
    audit, now = core.audit(), utc_now()
    for age in (200, 91, 89, 0):
        await user.client.patch(ME, json={"age": age % 100})
        async with core.db().transaction() as tx:
            last = select(func.max(AuditEntry.at)).scalar_subquery()
            made_older = update(AuditEntry).where(AuditEntry.at == last)
            await tx.session.execute(made_older.values(at=now - timedelta(days=age)))
    assert await addressed(core) == [True] * 4
    for _ in range(2):
        await audit.clear_old_client_ips(timedelta(days=90))
        assert await addressed(core) == [False, False, True, True]
    await audit.clear_old_client_ips(timedelta(days=88))
    assert await addressed(core) == [False, False, False, True]


async def addressed(core: CoreContainer, action: str = "users.change") -> list[bool]:
    rows = select(AuditEntry.address).where(AuditEntry.action == action)
    async with core.db().read() as reads:
        return [bool(each) for each in await reads.scalars(rows.order_by(AuditEntry.at))]
