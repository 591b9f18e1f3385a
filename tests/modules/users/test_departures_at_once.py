"""Concurrent deletions of an account have one outcome."""

import pytest
from litestar import Litestar
from sqlalchemy import update

from core.kit import Module, Principal, utc_now
from core.testing import CLIENTS, ROUNDS, CoreContainer, TestUser, at_once, register, sign_in
from modules.users.models import User
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.administration import UserAdministration
from tests.modules.users.leaving import app, leave

__all__ = ["app"]


@pytest.mark.race
async def test_two_admins_who_leave_at_once(
    users: Module, admin: TestUser, user: TestUser, core: CoreContainer
) -> None:
    actor = Principal(admin.id, core.roles().permissions_of(["admin"]), ("admin",))
    await users.provider(UserAdministration)().set_roles(actor, user.id, ["admin"])
    both = (admin, user)
    for _ in range(ROUNDS):
        answers = await at_once(*(leave(each) for each in both * (CLIENTS // 2)))
        asked = [{each.status_code for each in answers[place::2]} for place in range(2)]
        [left] = [place for place, statuses in enumerate(asked) if 202 in statuses]
        assert asked[left] <= {202, 401} and asked[1 - left] == {409}
        await users.provider(UserAdministration)().enable(actor, both[left].id)
        await come_back(both[left])


@pytest.mark.race
async def test_an_erasure_that_is_called_off_at_once(
    app: Litestar, users: Module, admin: TestUser, core: CoreContainer
) -> None:
    """A user who reads that the account is open again keeps it."""
    account_deletion = users.provider(AccountDeletion)()
    found = set()
    for number in range(ROUNDS):
        async with register(app, f"leaving{number}@example.com", "Leaving") as leaving:
            await mark_as_leaving(core, leaving)
        path = f"/api/v1/admin/users/{leaving.id}"

        async def enable(path: str = path) -> int:
            return int((await admin.client.post(f"{path}/enable")).status_code)

        halves = [act for _ in range(CLIENTS // 2) for act in (enable, account_deletion.remove_due)]
        statuses = {*await at_once(*(act() for act in halves))} - {None}
        assert len(statuses) == 1
        assert (await admin.client.get(path)).status_code == (200 if statuses == {204} else 404)
        found |= statuses
    assert found <= {204, 404}


async def mark_as_leaving(core: CoreContainer, user: TestUser) -> None:
    async with core.db().transaction() as tx:
        due = update(User).where(User.id == user.id).values(deletes_at=utc_now())
        await tx.session.execute(due)
        tx.invalidate("users", "principals")


async def come_back(user: TestUser) -> None:
    del user.client.headers["authorization"]
    tokens = await sign_in(user.client, user.email)
    user.client.headers["authorization"] = f"Bearer {tokens['access_token']}"
