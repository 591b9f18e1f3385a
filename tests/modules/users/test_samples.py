from typing import Any

from core.wiring.container import CoreContainer
from modules.users.samples import FEW
from tests.modules.users.asking import USERS, audited
from tests.people import Person


async def test_a_few_sample_people_are_added_once(users: Any, admin: Person) -> None:
    for _ in range(2):
        await users.samples().sow()
    assert (await admin.client.get(USERS)).json()["total"] == 1 + FEW


async def test_as_many_more_as_one_says_and_nobody_can_sign_in(
    users: Any, admin: Person, core: CoreContainer
) -> None:
    told: list[int] = []
    for _ in range(2):
        await users.samples().add(7000, told.append)
    assert sum(told) == 14_000 and len(told) == 4
    listed = (await admin.client.get(USERS, params={"per_page": 100})).json()
    assert listed["total"] == 14_001
    one = listed["data"][1]
    assert one["email"].endswith("@example.com") and one["roles"] == ["member"]
    account = await users.accounts().by_email(one["email"])
    assert account.password_hash is None
    found = await admin.client.get(USERS, params={"search": one["email"]})
    assert found.json()["total"] == 1
    assert [row.changes for row in await audited(core, "users.seed")] == [
        {"count": each} for each in (5000, 2000) * 2
    ]
