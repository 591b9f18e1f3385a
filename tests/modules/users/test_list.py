from typing import Any

from core.testing import PASSWORD, TestUser
from tests.modules.users.asking import USERS, code, wrong


async def names(admin: TestUser, **query: Any) -> list[str]:
    answer = await admin.client.get(USERS, params=query)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["data"]]


async def add(admin: TestUser, *users: tuple[str, str]) -> None:
    for name, email in users:
        body = {"name": name, "email": email, "password": PASSWORD}
        assert (await admin.client.post(USERS, json=body)).status_code == 201


async def test_only_a_user_with_the_permission_lists_users(user: TestUser) -> None:
    assert code(await user.client.get(USERS)) == (403, "http.not_permitted")


async def test_the_latest_come_first_and_keys_turn_it_round(admin: TestUser) -> None:
    await add(admin, ("Zora", "a@example.com"), ("Anna", "z@example.com"))
    assert await names(admin) == ["Anna", "Zora", "The Admin"]
    assert await names(admin, sort="created_at") == ["The Admin", "Zora", "Anna"]
    assert await names(admin, sort="name") == ["Anna", "The Admin", "Zora"]
    assert await names(admin, sort="-email") == ["Anna", "The Admin", "Zora"]
    assert wrong(await admin.client.get(USERS, params={"sort": "password_hash"}))
    assert wrong(await admin.client.get(USERS, params={"is_active": "true"}))


async def test_pages_and_cursors_show_everybody_once(admin: TestUser) -> None:
    await add(admin, *((f"Name {n}", f"n{n}@example.com") for n in range(6)))
    every = await names(admin)
    first = (await admin.client.get(USERS, params={"per_page": 3})).json()
    assert (first["total"], first["page"], first["per_page"]) == (7, 1, 3)
    paged = [name for page in (1, 2, 3, 4) for name in await names(admin, per_page=3, page=page)]
    assert paged == every
    followed, cursor = [], ""
    while cursor is not None:
        answer = await admin.client.get(USERS, params={"cursor": cursor, "per_page": 3})
        followed += [each["name"] for each in answer.json()["data"]]
        cursor = answer.json()["next_cursor"]
    assert followed == every


async def test_search_finds_names_and_addresses_as_plain_text(admin: TestUser) -> None:
    await add(
        admin,
        ("Ada Lovelace", "countess@example.com"),
        ("Grace_Hopper", "admiral%navy@example.com"),
        ("\u00c9mile Z\u00f3la", "writer@example.com"),
    )
    assert await names(admin, search="LOVEL") == ["Ada Lovelace"]
    assert await names(admin, search="countess@EX") == ["Ada Lovelace"]
    assert await names(admin, search="e_h") == ["Grace_Hopper"]
    assert await names(admin, search="l%n") == ["Grace_Hopper"]
    assert await names(admin, search="\u00e9mile z\u00d3") == ["\u00c9mile Z\u00f3la"]
    assert await names(admin, search="%") == ["Grace_Hopper"]
    for nothing in ('"ada" OR', "a*b", "NEAR(", "' --", "nobody at all"):
        assert await names(admin, search=nothing) == []


async def test_search_follows_what_changes(admin: TestUser, user: TestUser) -> None:
    assert await names(admin, search="some person") == ["Some Person"]
    await user.client.patch(f"{USERS}/me", json={"name": "Renamed"})
    assert await names(admin, search="some person") == []
    assert await names(admin, search="renam") == ["Renamed"]
    await admin.client.delete(f"{USERS}/{user.id}")
    assert await names(admin, search="renam") == []
    assert (await admin.client.get(USERS)).json()["total"] == 1
