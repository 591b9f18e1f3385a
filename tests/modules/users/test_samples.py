from uuid import UUID

import pytest

from core.kit import Module
from core.testing import CoreContainer, TestUser
from modules.users import samples
from modules.users.samples import FEW, SampleUsers
from tests.modules.users.asking import USERS, audited, rows_of_passwords


async def test_a_few_sample_users_are_added_once(users: Module, admin: TestUser) -> None:
    for _ in range(2):
        await users.provider(SampleUsers)().seed()
    assert (await admin.client.get(USERS)).json()["total"] == 1 + FEW


async def test_the_given_number_of_users_is_added_and_none_can_sign_in(
    users: Module, admin: TestUser, core: CoreContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "BATCH", 50)
    told: list[int] = []
    for _ in range(2):
        await users.provider(SampleUsers)().add(70, told.append)
    assert told == [50, 20] * 2
    listed = (await admin.client.get(USERS, params={"per_page": 100})).json()
    assert listed["total"] == 141
    one = next(each for each in listed["data"] if each["id"] != str(admin.id))
    assert one["email"].endswith("@example.com") and one["roles"] == ["member"]
    assert await rows_of_passwords(core, UUID(one["id"])) == 0
    found = await admin.client.get(USERS, params={"search": one["email"]})
    assert found.json()["total"] == 1
    assert [row.changes["count"] for row in await audited(core, "users.seed")] == told
