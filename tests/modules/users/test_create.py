"""Adding users: IN-17, AZ-07."""

import pytest
from httpx import Response

from core.testing import CLIENTS, PASSWORD, ROUNDS, CoreContainer, TestUser, at_once
from tests.modules.users.asking import USERS, audited, code, wrong

NEW = {"name": "New Person", "email": "new@example.com", "password": PASSWORD}


async def test_only_a_user_with_the_permission_adds_users(user: TestUser) -> None:
    assert code(await user.client.post(USERS, json=NEW)) == (403, "http.not_permitted")


async def test_wrong_bodies_name_the_field(admin: TestUser) -> None:
    refusals: list[tuple[dict[str, object], str]] = [
        ({"name": None}, "name"),
        ({"age": 151}, "age"),
        ({"age": "5"}, "age"),
        ({"email": "nothing"}, "email"),
        ({"password": None}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"roles": ["admin"]}, "roles"),
        ({"is_active": True}, "is_active"),
        ({"quota": 1}, "quota"),
    ]
    for body, field in refusals:
        refused = await admin.client.post(USERS, json={**NEW, **body})
        assert [place for place, _ in wrong(refused)] == [f"body.{field}"], body
        assert "password123" not in refused.text
    for field in ("name", "email", "password"):
        without = {key: value for key, value in NEW.items() if key != field}
        refused = await admin.client.post(USERS, json=without)
        assert wrong(refused) == [(f"body.{field}", "missing")]
    assert (await admin.client.get(USERS)).json()["total"] == 1


async def test_a_new_user_is_a_member_and_stands_where_location_says(
    admin: TestUser, core: CoreContainer
) -> None:
    added = await admin.client.post(USERS, json={**NEW, "age": 0})
    body = added.json()
    assert added.status_code == 201
    assert (body["age"], body["roles"]) == (0, ["member"])
    assert "password" not in added.text
    location = added.headers["location"]
    assert location == f"http://test{USERS}/{body['id']}"
    read = await admin.client.get(location)
    assert (read.json(), read.headers["etag"]) == (body, added.headers["etag"])
    row = (await audited(core, "users.create"))[-1]
    assert (row.actor_id, row.target_id) == (admin.id, body["id"])
    assert "example.com" not in str(row) and "New Person" not in str(row)


async def test_the_same_request_twice_adds_one_user(admin: TestUser) -> None:
    key = {"idempotency-key": "add-one-person"}
    first, second = [await admin.client.post(USERS, json=NEW, headers=key) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert code(await admin.client.post(USERS, json=NEW)) == (409, "users.email_taken")


@pytest.mark.race
async def test_one_of_fifty_who_want_one_email_gets_it(admin: TestUser) -> None:
    async def add(number: int, attempt: int) -> Response:
        local = "racer" if attempt % 2 else "RACER"
        return await admin.client.post(USERS, json={**NEW, "email": f"{local}{number}@example.com"})

    for number in range(ROUNDS):
        answers = await at_once(*(add(number, attempt) for attempt in range(CLIENTS)))
        refused = [each for each in answers if each.status_code != 201]
        assert len(refused) == CLIENTS - 1
        assert {code(each) for each in refused} == {(409, "users.email_taken")}
    assert (await admin.client.get(USERS)).json()["total"] == 1 + ROUNDS
