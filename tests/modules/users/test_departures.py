"""The deletion of an account by its owner, and the reaction of other modules."""

from datetime import datetime, timedelta
from json import JSONDecodeError
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.kit import Module, Principal, utc_now
from core.kit.platform import ANY_VERSION, StepUpRequired
from core.testing import PASSWORD, CoreContainer, TestUser, later
from modules.users.models import User
from modules.users.samples import SampleUsers
from modules.users.schemas import ProfileUpdate
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.accounts import AccountService
from modules.users.service.administration import UserAdministration
from modules.users.service.users import UserService
from tests.modules.users.asking import ME, USERS, audited, code, me, statistic
from tests.modules.users.leaving import GRACE, Probe, app, heard, leave

__all__ = ["app"]


async def test_leaving_takes_the_password(user: TestUser, core: CoreContainer) -> None:
    for wrong in ({"password": None}, {"password": "not mine at all"}):
        assert code(await leave(user, **wrong)) == (403, "auth.proof_failed")
    assert code(await user.client.post(f"{ME}/deletion", json={})) == (403, "auth.proof_failed")
    assert await me(user.client) and heard(user) == []
    outcomes = [row.outcome for row in await audited(core, "users.request_deletion")]
    assert outcomes == ["refused"] * 3


async def test_leaving_ends_everything_at_once_and_keeps_the_address(
    user: TestUser, admin: TestUser
) -> None:
    left = await leave(user)
    assert left.status_code == 202, left.text
    due = datetime.fromisoformat(left.json()["deletes_at"])
    assert timedelta(0) <= utc_now() + GRACE - due < timedelta(minutes=5)
    assert heard(user) == ["closed"]
    assert (await user.client.get(ME)).status_code == 401
    again = {"name": "Some Name", "email": user.email, "password": PASSWORD}
    assert code(await admin.client.post(USERS, json=again)) == (409, "users.email_taken")
    assert (await admin.client.get(f"{USERS}/{user.id}")).status_code == 200


async def test_who_has_left_does_not_sign_in_or_count_as_active(
    users: Module, user: TestUser, admin: TestUser, core: CoreContainer
) -> None:
    names = ("users.total", "users.active")
    assert [await statistic(core, name) for name in names] == [2, 2]
    await leave(user)
    account = await users.provider(AccountService)().by_email(user.email)
    assert account is not None and not account.is_active
    assert [await statistic(core, name) for name in names] == [2, 1]


async def test_the_grace_over_every_module_erases(
    users: Module, user: TestUser, other_user: TestUser, admin: TestUser, core: CoreContainer
) -> None:
    await leave(user)
    with later(days=GRACE.days, minutes=-1):
        await users.provider(AccountDeletion)().remove_due()
    assert (await admin.client.get(f"{USERS}/{user.id}")).status_code == 200
    with later(days=GRACE.days, minutes=1):
        await users.provider(AccountDeletion)().remove_due()
        await users.provider(AccountDeletion)().remove_due()
        await core.relay().deliver_all()
    assert (await admin.client.get(f"{USERS}/{user.id}")).status_code == 404
    assert heard(user) == ["closed", "closed", "erased", "erased"]
    assert heard(other_user) == [] and await me(other_user.client)
    again = {"name": "Some Name", "email": user.email, "password": PASSWORD}
    assert (await admin.client.post(USERS, json=again)).status_code == 201
    (row,) = await audited(core, "users.erase")
    assert row.target_id == str(user.id)


async def test_an_erasure_that_fails_is_finished_when_it_is_tried_again(
    users: Module, user: TestUser, other_user: TestUser, admin: TestUser, core: CoreContainer
) -> None:
    await leave(user)
    await leave(other_user)
    Probe.broken.add(user.id)
    with later(days=GRACE.days, minutes=1):
        await users.provider(AccountDeletion)().remove_due()
        await core.relay().deliver_all()
    assert await ids_of_users(core) == {user.id, admin.id}, "the other was not kept waiting"
    for each in (user, other_user):
        assert (await admin.client.get(f"{USERS}/{each.id}")).status_code == 404
    Probe.broken.clear()
    with later(days=GRACE.days, minutes=2):
        await core.relay().deliver_all()
    assert await ids_of_users(core) == {admin.id}
    erased = [user_id for what, user_id in Probe.heard if what == "told erased"]
    assert sorted(erased) == sorted([user.id, other_user.id])


async def ids_of_users(core: CoreContainer) -> set[UUID]:
    async with core.db().read() as reads:
        return {*await reads.scalars(select(User.id))}


class TestWithoutAGrace:
    @pytest.fixture
    def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setenv("USERS_DELETION_GRACE_DAYS", "0")
        return {}

    async def test_one_is_erased_at_once(
        self, user: TestUser, admin: TestUser, core: CoreContainer
    ) -> None:
        assert (await leave(user)).status_code == 202
        assert (await admin.client.get(f"{USERS}/{user.id}")).status_code == 404
        await core.relay().deliver_all()
        assert heard(user) == ["closed", "erased", "erased"]
        assert ("told erased", user.id) in Probe.heard


async def test_an_admins_deletion_erases_at_once(
    admin: TestUser, user: TestUser, core: CoreContainer
) -> None:
    assert (await admin.client.delete(f"{USERS}/{user.id}")).status_code == 204
    await core.relay().deliver_all()
    assert heard(user) == ["closed", "erased", "erased"]


async def test_disabling_closes_once_and_tells(
    users: Module, admin: TestUser, user: TestUser, core: CoreContainer
) -> None:
    actor = Principal(admin.id, core.roles().permissions_of(["admin"]), ("admin",))
    for _ in range(2):
        await users.provider(UserAdministration)().disable(actor, user.id)
    assert heard(user) == ["closed"]
    await core.relay().deliver_all()
    assert Probe.heard.count(("told off", user.id)) == 1
    assert Probe.heard.count(("told new", user.id)) == 1
    assert (await user.client.get(ME)).status_code == 401
    await users.provider(UserAdministration)().enable(actor, user.id)
    account = await users.provider(AccountService)().by_id(user.id)
    assert account and account.is_active


async def test_what_modules_contribute_is_counted_and_exported(user: TestUser) -> None:
    assert (await user.client.get(f"{ME}/summary")).json()["things"] == 3
    exported = (await user.client.get(f"{ME}/export")).json()["data"]["probe.things"]
    assert [each["name"] for each in exported] == ["first", "second", "third"]


@pytest.mark.fallbacks("statistic")
async def test_a_figure_out_of_order_leaves_the_others(
    user: TestUser, other_user: TestUser
) -> None:
    Probe.broken.add(user.id)
    summary = await user.client.get(f"{ME}/summary")
    assert summary.status_code == 200 and "things" not in summary.json()


async def test_an_export_that_fails_never_looks_whole(user: TestUser) -> None:
    Probe.broken.add(user.id)
    assert (await user.client.get(f"{ME}/export")).status_code == 500
    Probe.many = 50
    broken = await user.client.get(f"{ME}/export")
    assert broken.status_code == 200 and len(broken.content) > 2**16
    with pytest.raises(JSONDecodeError):
        broken.json()


async def test_a_fresh_session_is_enough_without_a_password(users: Module, admin: TestUser) -> None:
    await users.provider(SampleUsers)().add(1, print)
    sample = (await admin.client.get(USERS, params={"search": "@example.com"})).json()["data"]
    someone = UUID(next(each["id"] for each in sample if each["id"] != str(admin.id)))
    change = ProfileUpdate(email="moved@example.com")
    tired, fresh = Principal(someone), Principal(someone, fresh_until=utc_now() + GRACE)
    with pytest.raises(StepUpRequired):
        await users.provider(UserService)().change(tired, someone, change, ANY_VERSION)
    with pytest.raises(StepUpRequired):
        await users.provider(AccountDeletion)().request(tired, None)
    changed = await users.provider(UserService)().change(fresh, someone, change, ANY_VERSION)
    assert changed.email == "moved@example.com"
    assert await users.provider(AccountDeletion)().request(fresh, None) > utc_now()
