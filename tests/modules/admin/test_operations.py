from typing import Any

from httpx import AsyncClient

from core.kit import uuid7
from core.testing import TestUser

ADMIN = "/api/v1/admin"


async def key_of(user: TestUser, *scopes: str) -> str:
    body = {"name": "a key", "scopes": list(scopes)}
    made = await user.client.post("/api/v1/auth/api-keys", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


async def stats(user: TestUser, key: str | None = None) -> Any:
    headers = {"x-api-key": key} if key else {}
    return await user.client.get(f"{ADMIN}/stats", headers=headers)


async def test_stats_take_the_user_and_a_key_of_theirs(
    client: AsyncClient, admin: TestUser, user: TestUser
) -> None:
    others = await key_of(user, "profile:read")
    for key in (None, "atr_nothing_at_all", others):
        refused = await stats(admin, key)
        assert (refused.status_code, refused.json()["code"]) == (401, "auth.key_required")
        assert "invalid_token" not in refused.headers["www-authenticate"]
    without_scope = await stats(admin, await key_of(admin, "profile:read"))
    assert without_scope.status_code == 403
    key = await key_of(admin, "stats:read")
    alone = await client.get(f"{ADMIN}/stats", headers={"x-api-key": key})
    assert alone.status_code == 401
    shown = await stats(admin, key)
    assert shown.status_code == 200, shown.text
    assert shown.json()["users"]["total"] == 2
    assert shown.json()["sessions"]["active"] == 2
    assert shown.json()["modules"]["files"] == {"count": 0, "bytes": 0}


async def test_both_credentials_are_for_the_stats_alone(admin: TestUser) -> None:
    headers = {"x-api-key": await key_of(admin, "profile:read")}
    answer = await admin.client.get("/api/v1/users/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.mixed_credentials")


async def test_maintenance_lets_admins_and_health_through(
    client: AsyncClient, admin: TestUser, user: TestUser
) -> None:
    closing = {"enabled": True, "message": "Back at noon.", "retry_after_s": 90}
    closed = await admin.client.post(f"{ADMIN}/maintenance", json=closing)
    assert (closed.status_code, closed.json()) == (200, closing)
    for refused in (
        await client.get("/api/v1/files"),
        await client.get("/api/v1/users/me"),
        await user.client.get("/api/v1/users/me"),
        await user.client.patch("/api/v1/users/me", content=b"not even JSON"),
        await client.get("/"),
        await client.get("/", headers={"accept": "text/html"}),
        await user.client.delete("/api/v1/users/me"),
        await client.put("/"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (503, "http.maintenance")
        assert (refused.headers["retry-after"], refused.json()["detail"]) == ("90", "Back at noon.")
    assert (await client.get("/health")).json()["status"] == "maintenance"
    assert (await client.get("/health/ready")).status_code == 200
    for path in ("/.well-known/jwks.json", "/docs", "/docs/problems/http.maintenance", "/metrics"):
        assert (await client.get(path)).status_code == 200
        assert (await client.put(path)).status_code == 405
    assert (await client.get("/api/v1/auth/login")).status_code == 405, "login itself is open"
    assert (await admin.client.get("/")).status_code == 200
    assert (await admin.client.get("/api/v1/users/me")).status_code == 200
    opening = await admin.client.post(f"{ADMIN}/maintenance", json={"enabled": False})
    assert opening.status_code == 200
    assert (await user.client.get("/api/v1/users/me")).status_code == 200


async def test_only_admins_sign_in_during_maintenance(
    client: AsyncClient, admin: TestUser, user: TestUser
) -> None:
    await admin.client.post(f"{ADMIN}/maintenance", json={"enabled": True})
    for who, status in ((user, 503), (admin, 200)):
        login = {"email": who.email, "password": who.password}
        assert (await client.post("/api/v1/auth/login", json=login)).status_code == status
        refresh = {"refresh_token": who.tokens["refresh_token"]}
        assert (await client.post("/api/v1/auth/refresh", json=refresh)).status_code == status
    await admin.client.post(f"{ADMIN}/maintenance", json={"enabled": False})
    again = {"refresh_token": user.tokens["refresh_token"]}
    assert (await client.post("/api/v1/auth/refresh", json=again)).status_code == 200, "not burnt"


async def test_the_trail_tells_what_was_done_and_what_was_refused(
    admin: TestUser, user: TestUser
) -> None:
    await user.client.patch("/api/v1/users/me", json={"name": "Another Name"})
    await user.client.patch("/api/v1/users/me", json={"name": ""})
    trail = await admin.client.get(f"{ADMIN}/audit?actor={user.id}&sort=at")
    rows = [(each["action"], each["outcome"]) for each in trail.json()["data"]]
    assert rows[-2:] == [("users.change", "success"), ("users.change", "refused")]
    assert "password" not in trail.text and user.email not in trail.text
    one = (await admin.client.get(f"{ADMIN}/audit?target={user.id}")).json()["data"]
    assert {each["target_id"] for each in one} == {str(user.id)}
    later = await admin.client.get(f"{ADMIN}/audit?since=2100-01-01T00:00:00Z")
    assert later.json()["total"] == 0
    assert (await admin.client.get(f"{ADMIN}/audit?since=yesterday")).status_code == 400


async def test_sessions_and_files_of_everybody(admin: TestUser, user: TestUser) -> None:
    sessions = (await admin.client.get(f"{ADMIN}/sessions")).json()["data"]
    theirs = next(each for each in sessions if each["user_id"] == str(user.id))
    assert (await admin.client.delete(f"{ADMIN}/sessions/{theirs['id']}")).status_code == 204
    assert (await user.client.get("/api/v1/users/me")).status_code == 401
    assert (await admin.client.delete(f"{ADMIN}/sessions/{uuid7()}")).status_code == 404
    assert (await admin.client.get(f"{ADMIN}/files")).json()["total"] == 0
    assert (await admin.client.delete(f"{ADMIN}/files/{uuid7()}")).status_code == 404


async def test_what_is_installed_and_what_it_lets_users_do(admin: TestUser) -> None:
    modules = {
        each["name"]: each for each in (await admin.client.get(f"{ADMIN}/modules")).json()["data"]
    }
    assert modules["files"]["health"] == {"storage": "ok"}
    assert modules["files"]["permissions"] == ["files:read", "files:write", "files:manage"]
    assert modules["health"]["routes"] == 5 and modules["health"]["migrations"] is None
    permissions = (await admin.client.get(f"{ADMIN}/permissions?per_page=100")).json()["data"]
    write = next(each for each in permissions if each["name"] == "files:write")
    assert (write["roles"], write["scope"]) == (["admin", "member"], True)


async def test_background_work_can_be_seen(admin: TestUser) -> None:
    answer = await admin.client.get(f"{ADMIN}/events")
    assert answer.status_code == 200, answer.text
    for path in (f"{ADMIN}/events/{uuid7()}/retry",):
        assert (await admin.client.post(path)).status_code == 404
    assert (await admin.client.delete(f"{ADMIN}/events/{uuid7()}")).status_code == 404


async def test_short_lists_have_the_manners_of_all_lists(admin: TestUser) -> None:
    whole = (await admin.client.get(f"{ADMIN}/permissions?per_page=100")).json()
    names = [each["name"] for each in whole["data"]]
    assert names == sorted(names) and whole["total"] == len(names)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"cursor": cursor, "per_page": "3", "sort": "-name"}
        part = (await admin.client.get(f"{ADMIN}/permissions", params=query)).json()
        seen += [each["name"] for each in part["data"]]
        cursor = part["next_cursor"]
    assert seen == names[::-1]
    page = await admin.client.get(f"{ADMIN}/permissions?per_page=2&page=2")
    assert [each["name"] for each in page.json()["data"]] == names[2:4]
    assert 'rel="next"' in page.headers["link"] and "etag" not in page.headers
    assert (await admin.client.get(f"{ADMIN}/modules?sort=nothing")).status_code == 400
