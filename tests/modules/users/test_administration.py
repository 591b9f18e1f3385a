from functools import partial

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar

from core.testing import (
    CLIENTS,
    PASSWORD,
    ROUNDS,
    TestUser,
    at_once,
    client_of,
    eventually,
    register,
    sign_in,
)

USERS = "/api/v1/admin/users"
NEW = {"name": "New Person", "email": "new@example.com", "password": "a long and plain sentence"}


async def test_only_admins_come_in(client: AsyncClient, user: TestUser) -> None:
    assert (await client.get(USERS)).status_code == 401
    refused = await user.client.get(USERS)
    assert (refused.status_code, refused.json()["code"]) == (403, "http.not_permitted")
    assert (await user.client.post(USERS, json=NEW)).status_code == 403


async def test_an_admin_sees_more_of_a_user(admin: TestUser, user: TestUser) -> None:
    seen = (await admin.client.get(f"{USERS}/{user.id}")).json()
    assert seen["email"] == user.email
    assert seen["is_active"] is True and seen["deletes_at"] is None
    assert seen["second_factor"] is False and seen["last_login_at"].endswith("Z")
    trail = (await admin.client.get("/api/v1/admin/audit?action=admin.read_person")).json()["data"]
    assert [each["target_id"] for each in trail] == [str(user.id)]


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("/users", "users.list"),
        ("/admin/users", "users.list"),
        ("/admin/sessions", "auth.list_sessions"),
        ("/admin/files", "files.list"),
    ],
)
async def test_a_look_at_everybody_is_on_record(admin: TestUser, path: str, action: str) -> None:
    assert (await admin.client.get(f"/api/v1{path}?cursor=")).status_code == 200
    for own in ("/users/me", "/auth/sessions", "/files"):
        assert (await admin.client.get(f"/api/v1{own}")).status_code == 200
    await eventually(partial(looks_of, admin), [action])


async def looks_of(admin: TestUser) -> list[str]:
    trail = await admin.client.get(f"/api/v1/admin/audit?actor={admin.id}")
    return [each["action"] for each in trail.json()["data"] if "list" in each["action"]]


async def test_a_user_is_created_with_roles(admin: TestUser, client: AsyncClient) -> None:
    created = await admin.client.post(USERS, json=NEW | {"roles": ["member", "admin"]})
    assert created.status_code == 201 and created.json()["roles"] == ["admin", "member"]
    again = await admin.client.post(USERS, json=NEW)
    assert (again.status_code, again.json()["code"]) == (409, "users.email_taken")
    unknown = await admin.client.post(USERS, json=NEW | {"email": "x@example.com", "roles": ["k"]})
    assert unknown.status_code == 400
    await sign_in(client, NEW["email"], NEW["password"])


async def test_a_disabled_user_is_out_at_once(admin: TestUser, user: TestUser) -> None:
    assert (await admin.client.post(f"{USERS}/{user.id}/disable")).status_code == 204
    out = await user.client.get("/api/v1/users/me")
    assert (out.status_code, out.json()["code"]) == (401, "http.invalid_token")
    login = {"email": user.email, "password": user.password}
    assert (await user.client.post("/api/v1/auth/login", json=login)).status_code == 401
    assert (await admin.client.post(f"{USERS}/{user.id}/enable")).status_code == 204
    assert (await user.client.get("/api/v1/users/me")).status_code == 401, "it has ended"
    assert (await user.client.post("/api/v1/auth/login", json=login)).status_code == 200


async def test_enabling_calls_off_a_deletion_and_says_so(admin: TestUser, user: TestUser) -> None:
    leaving = await user.client.post("/api/v1/users/me/deletion", json={"password": PASSWORD})
    assert leaving.status_code == 202
    for _ in range(2):
        assert (await admin.client.post(f"{USERS}/{user.id}/enable")).status_code == 204
    seen = (await admin.client.get(f"{USERS}/{user.id}")).json()
    assert seen["is_active"] is True and seen["deletes_at"] is None
    trail = (await admin.client.get("/api/v1/admin/audit?action=users.enable")).json()["data"]
    assert [each["changes"] for each in trail] == [{}, {"deletion": "called off"}]


async def test_an_admin_ends_all_sessions_of_a_user(admin: TestUser, user: TestUser) -> None:
    assert (await admin.client.post(f"{USERS}/{user.id}/logout")).status_code == 204
    assert (await user.client.get("/api/v1/users/me")).status_code == 401


async def test_the_last_active_admin_stays(admin: TestUser) -> None:
    path = f"{USERS}/{admin.id}"
    for answer in (
        await admin.client.post(f"{path}/disable"),
        await admin.client.put(f"{path}/roles", json={"roles": ["member"]}),
        await admin.client.delete(path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "admin.last_admin")


@pytest.mark.race
async def test_one_admin_remains_of_two_who_demote_each_other(
    app: Litestar, admin: TestUser
) -> None:
    async with register(app, "second@example.com", "Second Admin", roles=("admin",)) as second:
        both = ((admin, second), (second, admin))
        for _ in range(ROUNDS):
            answers = await at_once(*(put_roles(*pair, "member") for pair in both * (CLIENTS // 2)))
            by_first, by_second = (
                {each.status_code for each in answers[place::2]} for place in range(2)
            )
            won, lost = (by_first, by_second) if 200 in by_first else (by_second, by_first)
            assert won == {200} and lost <= {403, 409}, (by_first, by_second)
            winner, loser = both[won is by_second]
            restored = await put_roles(winner, loser, "admin", "member")
            assert restored.status_code == 200


async def put_roles(by: TestUser, of: TestUser, *roles: str, tag: str = "*") -> Response:
    path, body = f"{USERS}/{of.id}/roles", {"roles": roles}
    return await by.client.put(path, json=body, headers={"if-match": tag})


@pytest.mark.usefixtures("patience")
async def test_one_of_two_who_have_read_the_roles_sets_them(
    admin: TestUser, user: TestUser
) -> None:
    read = await admin.client.get(f"{USERS}/{user.id}/roles")
    assert read.json()["roles"] == ["member"]
    tag = read.headers["etag"]
    answers = await at_once(*(put_roles(admin, user, tag=tag) for _ in range(CLIENTS)))
    given = [each for each in answers if each.status_code == 200]
    assert len(given) == 1
    assert {each.json().get("code") for each in answers} == {None, "http.stale"}
    again = await admin.client.get(f"{USERS}/{user.id}/roles")
    assert again.headers["etag"] == given[0].headers["etag"]
    assert again.json() == given[0].json()


async def test_a_role_counts_from_the_next_request(admin: TestUser, user: TestUser) -> None:
    assert (await user.client.get(USERS)).status_code == 403
    roles = f"{USERS}/{user.id}/roles"
    answer = await admin.client.put(roles, json={"roles": ["admin"]})
    assert answer.status_code == 200 and answer.json()["roles"] == ["admin"]
    assert (await user.client.get(USERS)).status_code == 200
    await admin.client.put(roles, json={"roles": []})
    assert (await user.client.get(USERS)).status_code == 403


async def test_a_user_goes_with_everything(app: Litestar, admin: TestUser, user: TestUser) -> None:
    assert (await admin.client.delete(f"{USERS}/{user.id}")).status_code == 204
    assert (await admin.client.get(f"{USERS}/{user.id}")).status_code == 404
    async with client_of(app) as client:
        login = {"email": user.email, "password": user.password}
        assert (await client.post("/api/v1/auth/login", json=login)).status_code == 401
