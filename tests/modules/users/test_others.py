"""The operations of one user on another: AZ-01, AZ-02, AZ-07, AZ-14."""

from datetime import timedelta

import pytest
import time_machine
from httpx import AsyncClient

from core.kit import InvalidInput, Module, NotPermitted, Principal, ProblemError, utc_now
from core.kit.platform import ANY_VERSION, StepUpRequired
from core.testing import PASSWORD, CoreContainer, TestUser
from modules.users.errors import BeyondOwnRights
from modules.users.schemas import ProfileUpdate, UserReplace
from modules.users.service.administration import UserAdministration
from modules.users.service.users import UserService
from modules.users.values import NewAccount
from tests.modules.users.asking import NO_SUCH_USER, USERS, audited, code, me, wrong

CHANGE = {"name": "Changed Name"}


def place(user: TestUser) -> str:
    return f"{USERS}/{user.id}"


async def test_a_user_does_not_learn_that_another_user_exists(
    user: TestUser, other_user: TestUser
) -> None:
    before = await me(user.client)
    for method, body in [("GET", None), ("PATCH", CHANGE), ("PUT", CHANGE), ("DELETE", None)]:
        asked = [
            await other_user.client.request(method, path, json=body)
            for path in (place(user), NO_SUCH_USER)
        ]
        assert [code(each) for each in asked] == [(404, "users.not_found")] * 2, method
        theirs, nobodys = [
            {k: v for k, v in each.json().items() if k not in ("instance", "request_id")}
            for each in asked
        ]
        assert theirs == nobodys
    assert (await other_user.client.head(place(user))).status_code == 404
    assert await me(user.client) == before


async def test_a_refused_attempt_is_on_record(
    user: TestUser, other_user: TestUser, core: CoreContainer
) -> None:
    await other_user.client.delete(place(user))
    (row,) = await audited(core, "users.delete")
    assert (row.actor_id, row.target_id) == (other_user.id, str(user.id))
    assert row.outcome == "refused"


async def test_an_admin_reads_another_and_that_is_on_record(
    admin: TestUser, user: TestUser, core: CoreContainer
) -> None:
    read = await admin.client.get(place(user))
    assert read.json() == await me(user.client)
    await admin.client.get(place(admin))
    assert [row.target_id for row in await audited(core, "users.read")] == [str(user.id)]


async def test_an_admin_changes_name_and_age_of_another(admin: TestUser, user: TestUser) -> None:
    etag = (await admin.client.get(place(user))).headers["etag"]
    changed = await admin.client.patch(
        place(user), json={"name": "New Name", "age": 33}, headers={"if-match": etag}
    )
    assert changed.status_code == 200, changed.text
    assert await me(user.client) == changed.json()
    assert (changed.json()["name"], changed.json()["age"]) == ("New Name", 33)
    stale = await admin.client.patch(place(user), json=CHANGE, headers={"if-match": etag})
    assert code(stale) == (412, "http.stale")
    replaced = (await admin.client.put(place(user), json={"name": "Put Name"})).json()
    assert (replaced["name"], replaced["age"]) == ("Put Name", None)


async def test_an_admin_changes_nothing_else_of_another_here(
    admin: TestUser, user: TestUser
) -> None:
    await user.client.patch(f"{USERS}/me", json={"locale": "ko"})
    before = await me(user.client)
    for change in ({"email": "taken.over@example.com"}, {"locale": "en"}, {"locale": None}):
        for method in ("PATCH", "PUT"):
            body = {**CHANGE, **change, "current_password": PASSWORD}
            refused = await admin.client.request(method, place(user), json=body)
            assert code(refused) == (403, "users.not_yours_to_change")
            assert next(iter(change)) in refused.json()["detail"]
    assert wrong(await admin.client.patch(place(user), json={"roles": ["admin"]}))
    assert await me(user.client) == before


async def test_what_stays_as_it_is_may_be_sent_along(admin: TestUser, user: TestUser) -> None:
    whole = {"name": "Put Name", "email": "person@example.com", "locale": None}
    replaced = await admin.client.put(place(user), json=whole)
    assert (replaced.status_code, replaced.json()["name"]) == (200, "Put Name")


async def test_oneself_by_id_is_as_me(user: TestUser) -> None:
    change = {"email": "new@example.com", "locale": "de"}
    refused = await user.client.patch(place(user), json=change)
    assert code(refused) == (403, "auth.proof_failed")
    done = await user.client.patch(place(user), json={**change, "current_password": PASSWORD})
    assert done.json() == await me(user.client)
    assert done.json()["locale"] == "de"


async def test_who_is_deleted_is_gone_for_everybody(
    admin: TestUser, user: TestUser, core: CoreContainer
) -> None:
    assert (await admin.client.delete(place(user))).status_code == 204
    assert code(await admin.client.get(place(user))) == (404, "users.not_found")
    assert code(await admin.client.delete(place(user))) == (404, "users.not_found")
    assert code(await admin.client.patch(place(user), json=CHANGE)) == (404, "users.not_found")
    assert (await user.client.get(f"{USERS}/me")).status_code == 401
    done = [row for row in await audited(core, "users.delete") if row.outcome == "success"]
    assert [row.target_id for row in done] == [str(user.id)]


async def test_a_deletion_of_an_older_version_is_refused(admin: TestUser, user: TestUser) -> None:
    etag = (await admin.client.get(place(user))).headers["etag"]
    await user.client.patch(f"{USERS}/me", json=CHANGE)
    refused = await admin.client.delete(place(user), headers={"if-match": etag})
    assert code(refused) == (412, "http.stale")
    assert (await me(user.client))["name"] == "Changed Name"


async def test_a_user_cannot_delete_the_own_account_here(admin: TestUser, user: TestUser) -> None:
    for each in (admin, user):
        assert code(await each.client.delete(place(each))) == (403, "users.use_deletion")
        assert await me(each.client)


async def test_what_is_no_id_says_so_to_who_may_ask(client: AsyncClient, admin: TestUser) -> None:
    for bad in ("1", "me2", "0189-0000", "x" * 300):
        assert (await client.get(f"{USERS}/{bad}")).status_code == 401
        refused = await admin.client.get(f"{USERS}/{bad}")
        assert (refused.status_code, refused.json()["errors"][0]["location"]) == (
            400,
            "path.user_id",
        )


async def test_deleting_takes_a_fresh_session_here_too(admin: TestUser, user: TestUser) -> None:
    """The admin routes require it too, and so does the creation of an admin."""
    later = utc_now() + timedelta(hours=1)
    with time_machine.travel(later, tick=True):
        tokens = {"refresh_token": admin.tokens["refresh_token"]}
        refreshed = await admin.client.post("/api/v1/auth/refresh", json=tokens)
        bearer = {"authorization": f"Bearer {refreshed.json()['access_token']}"}
        new = {"name": "New Admin", "email": "new@example.com", "password": "a long sentence here"}
        for answer in (
            await admin.client.delete(place(user), headers=bearer),
            await admin.client.delete(f"/api/v1/admin/users/{user.id}", headers=bearer),
            await admin.client.put(
                f"/api/v1/admin/users/{user.id}/roles", json={"roles": ["admin"]}, headers=bearer
            ),
            await admin.client.post(
                "/api/v1/admin/users", json=new | {"roles": ["admin"]}, headers=bearer
            ),
        ):
            assert code(answer) == (403, "auth.step_up_required"), answer.text
        member = await admin.client.post("/api/v1/admin/users", json=new, headers=bearer)
        assert member.status_code == 201


# A user with permissions of their own who is not an admin


async def test_who_may_only_read_is_told_so(users: Module, admin: TestUser, user: TestUser) -> None:
    reader = Principal(admin.id, frozenset({"users:read", "profile:read"}))
    found = await users.provider(UserService)().get(reader, user.id)
    assert found.email == "person@example.com"
    with pytest.raises(NotPermitted):
        await users.provider(UserService)().delete(reader, user.id, ANY_VERSION)


@pytest.mark.parametrize(
    ("more", "is_fresh", "role", "refusal"),
    [
        ((), True, "admin", NotPermitted),
        ((), True, "owner", NotPermitted),
        (("roles:write",), False, "admin", StepUpRequired),
        (("roles:write",), True, "owner", InvalidInput),
        (("roles:write",), True, "admin", BeyondOwnRights),
    ],
)
async def test_the_permission_for_roles_is_required_before_the_roles_are_compared(
    users: Module,
    user: TestUser,
    more: tuple[str, ...],
    is_fresh: bool,
    role: str,
    refusal: type[ProblemError],
) -> None:
    until = utc_now() + timedelta(hours=1) if is_fresh else None
    helper = Principal(user.id, frozenset({"admin:users", *more}), fresh_until=until)
    new = NewAccount(name="Some Name", email="new@example.com", password=PASSWORD)
    with pytest.raises(refusal):
        await users.provider(UserAdministration)().create(helper, new, ["member", "admin", role])


async def test_nobody_acts_on_who_may_more(
    users: Module, admin: TestUser, other_user: TestUser
) -> None:
    permissions = frozenset({"users:read", "users:write", "roles:write"})
    helper = Principal(other_user.id, permissions, fresh_until=utc_now() + timedelta(hours=1))
    profiles, administration = users.provider(UserService)(), users.provider(UserAdministration)()
    new = NewAccount(name="Some Name", email="new@example.com", password=PASSWORD)
    for attempt in (
        profiles.change(helper, admin.id, ProfileUpdate(name="Changed"), ANY_VERSION),
        profiles.change(helper, admin.id, UserReplace(name="Changed"), ANY_VERSION),
        profiles.delete(helper, admin.id, ANY_VERSION),
        administration.log_out(helper, admin.id),
        administration.change(helper, admin.id, {"name": "Changed"}),
        administration.disable(helper, admin.id),
        administration.set_roles(helper, admin.id, ["member"]),
        administration.set_roles(helper, other_user.id, ["admin"]),
        administration.create(helper, new, ["admin"]),
        administration.delete(helper, admin.id),
    ):
        with pytest.raises(BeyondOwnRights):
            await attempt
    assert (await me(admin.client))["name"] == "The Admin"
