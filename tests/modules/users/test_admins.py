"""One active admin always remains: AZ-10."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.kit import Module, Principal, ProblemError, utc_now
from core.testing import CLIENTS, PASSWORD, ROUNDS, CoreContainer, TestUser, at_once
from modules.users.errors import BeyondOwnRights, LastAdmin, UserNotFound
from modules.users.models import User
from modules.users.queries import ACTIVE_ADMINS
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.administration import UserAdministration
from modules.users.values import NewAccount
from tests.modules.users.asking import USERS, code, me


@pytest.fixture
def principal(admin: TestUser, core: CoreContainer) -> Principal:
    return Principal(admin.id, core.roles().permissions_of(["admin"]), ("admin",))


async def active_admins(core: CoreContainer) -> set[UUID]:
    async with core.db().read() as reads:
        return {*(await reads.scalars(ACTIVE_ADMINS))}


async def test_the_last_admin_stays(
    users: Module, admin: TestUser, user: TestUser, principal: Principal
) -> None:
    administration = users.provider(UserAdministration)()
    attempts: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: administration.disable(principal, admin.id),
        lambda: administration.set_roles(principal, admin.id, ["member"]),
        lambda: administration.set_roles(principal, admin.id, []),
        lambda: administration.delete(principal, admin.id),
    )
    for attempt in attempts:
        with pytest.raises(LastAdmin):
            await attempt()
    left = await admin.client.post(f"{USERS}/me/deletion", json={"password": PASSWORD})
    assert code(left) == (409, "admin.last_admin")
    assert (await me(admin.client))["roles"] == ["admin", "member"]


async def test_a_disabled_or_leaving_admin_does_not_count(
    users: Module, admin: TestUser, user: TestUser, principal: Principal
) -> None:
    administration = users.provider(UserAdministration)()
    await administration.set_roles(principal, user.id, ["admin", "member"])
    await administration.disable(principal, user.id)
    with pytest.raises(LastAdmin):
        await administration.set_roles(principal, admin.id, ["member"])
    await administration.enable(principal, user.id)
    await users.provider(AccountDeletion)().request(Principal(user.id), PASSWORD)
    with pytest.raises(LastAdmin):
        await administration.disable(principal, admin.id)


@pytest.mark.race
async def test_admins_who_remove_each_other_at_once_leave_one(
    users: Module, admin: TestUser, core: CoreContainer, principal: Principal
) -> None:
    administration = users.provider(UserAdministration)()

    async def removed(number: int, user_id: UUID) -> bool:
        ways: list[Callable[[], Awaitable[Any]]] = [
            lambda: administration.set_roles(principal, user_id, ["member"]),
            lambda: administration.disable(principal, user_id),
            lambda: administration.delete(principal, user_id),
        ]
        try:
            await ways[number % 3]()
        except LastAdmin:
            return False
        return True

    for number in range(ROUNDS):
        await appoint(core, [f"admin{number}.{each}@example.com" for each in range(CLIENTS - 1)])
        everyone = await active_admins(core)
        done = await at_once(*(removed(at, each) for at, each in enumerate(everyone)))
        assert sum(done) == len(everyone) - 1
        assert len(await active_admins(core)) == 1


async def appoint(core: CoreContainer, emails: list[str]) -> None:
    """Add users without passwords, whose hashes would take longer than the race."""
    async with core.db().transaction() as tx:
        tx.session.add_all(
            User(name="Some Admin", email=each, email_key=each, roles=("admin", "member"))
            for each in emails
        )
        tx.invalidate("users", "principals")


async def test_nobody_gives_a_role_of_more_than_they_may(
    users: Module, admin: TestUser, user: TestUser, core: CoreContainer
) -> None:
    """The role is given by a list of roles, to a new user or to an existing one."""
    administration, members = (
        users.provider(UserAdministration)(),
        core.roles().permissions_of(["member"]),
    )
    permissions = members | {"roles:write", "users:write"}
    lesser = Principal(user.id, permissions, fresh_until=utc_now() + timedelta(minutes=5))
    new = NewAccount(name="Some Admin", email="more@example.com", password=PASSWORD)
    with pytest.raises(BeyondOwnRights):
        await administration.set_roles(lesser, user.id, ["admin"])
    with pytest.raises(BeyondOwnRights):
        await administration.create(lesser, new, ["admin"])
    assert await active_admins(core) == {admin.id}


async def test_roles_count_at_once_in_the_profile_and_its_etag(
    users: Module, admin: TestUser, user: TestUser, principal: Principal
) -> None:
    before = await user.client.get(f"{USERS}/me")
    await users.provider(UserAdministration)().set_roles(
        principal, user.id, ["member", "admin", "admin"]
    )
    after = await user.client.get(f"{USERS}/me")
    assert after.json()["roles"] == ["admin", "member"]
    assert "users:write" in after.json()["permissions"]
    assert after.headers["etag"] != before.headers["etag"]
    assert (await user.client.get(USERS)).status_code == 200
    await users.provider(UserAdministration)().set_roles(principal, user.id, ["member"])
    assert (await user.client.get(USERS)).status_code == 403


async def test_an_unknown_role_is_named(
    users: Module, user: TestUser, principal: Principal
) -> None:
    with pytest.raises(ProblemError) as refused:
        await users.provider(UserAdministration)().set_roles(
            principal, user.id, ["member", "owner"]
        )
    assert "body.roles.1" in str(refused.value)
    with pytest.raises(UserNotFound):
        await users.provider(UserAdministration)().disable(principal, UUID(int=7))
