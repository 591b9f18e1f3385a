"""A new password: it requires the old one, is strong enough, and ends all other sessions."""

import pytest
from httpx import AsyncClient, Response

from core.testing import CLIENTS, PASSWORD, ROUNDS, CoreContainer, TestUser, at_once
from tests.modules.auth.conftest import AUTH, code_of, log_in, refresh, works
from tests.modules.auth.trail import trail

NEW = "another horse another battery"


async def change(user: TestUser, current: str, new: str) -> Response:
    body = {"current_password": current, "new_password": new}
    return await user.client.post(f"{AUTH}/password/change", json=body)


async def sign_in(client: AsyncClient, user: TestUser, password: str) -> int:
    body = {"email": user.email, "password": password}
    return (await client.post(f"{AUTH}/login", json=body)).status_code


async def test_the_old_one_must_be_right(
    client: AsyncClient, core: CoreContainer, user: TestUser
) -> None:
    refused = await change(user, "wrong password", NEW)
    assert (refused.status_code, code_of(refused)) == (403, "auth.proof_failed")
    assert await sign_in(client, user, NEW) == 401
    assert await sign_in(client, user, PASSWORD) == 200
    [row] = await trail(core, "auth.change_password")
    assert (row.outcome, row.actor_id) == ("refused", user.id)


async def test_the_new_one_must_be_good_enough(client: AsyncClient, user: TestUser) -> None:
    bad = ("1234567", "password123", "person.person", "atriumatrium", "x" * 257)
    for new in bad:
        refused = await change(user, PASSWORD, new)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["location"] == "body.new_password"
    assert await sign_in(client, user, PASSWORD) == 200


async def test_it_ends_the_other_sessions_alone(
    client: AsyncClient, core: CoreContainer, user: TestUser, other_user: TestUser
) -> None:
    other = await log_in(client, user)
    assert (await change(user, PASSWORD, NEW)).status_code == 204
    assert not await works(client, other)
    assert (await refresh(client, other)).status_code == 401
    assert await works(client, user.tokens)
    assert await works(client, other_user.tokens)
    assert await sign_in(client, user, PASSWORD) == 401
    assert await sign_in(client, user, NEW) == 200
    [row] = await trail(core, "auth.change_password")
    assert (row.outcome, row.actor_id) == ("success", user.id)


@pytest.mark.race
async def test_who_signs_in_meanwhile_with_the_old_one_is_out(
    client: AsyncClient, user: TestUser
) -> None:
    old, new = PASSWORD, NEW
    for _ in range(ROUNDS):
        login = {"email": user.email, "password": old}
        *answers, changed = await at_once(
            *(client.post(f"{AUTH}/login", json=login) for _ in range(CLIENTS - 1)),
            change(user, old, new),
        )
        assert changed.status_code == 204
        assert {each.status_code for each in answers} <= {200, 401}
        for answer in answers:
            assert answer.status_code == 401 or not await works(client, answer.json())
        old, new = new, old


class TestRegistration:
    async def test_a_password_is_refused_by_its_length(self, client: AsyncClient) -> None:
        lengths = {"x7#kQ2p": 400, "x7#kQ2pv": 201, "a" * 64: 201, "a" * 256: 201, "a" * 257: 400}
        for number, (password, status) in enumerate({**lengths, "😀" * 8: 201}.items()):
            email = f"length{number}@example.com"
            body = {"name": "Some Body", "email": email, "password": password}
            answer = await client.post(f"{AUTH}/register", json=body)
            assert answer.status_code == status, password
            if status == 201:
                login = {"email": email, "password": password}
                assert (await client.post(f"{AUTH}/login", json=login)).status_code == 200

    async def test_a_password_is_refused_by_the_data_of_the_user(self, client: AsyncClient) -> None:
        for password in ("password", "iloveyou1", "ada.lovelace", "atrium123", "ADALOVELACE"):
            body = {"name": "Ada", "email": "ada.lovelace@example.com", "password": password}
            answer = await client.post(f"{AUTH}/register", json=body)
            assert answer.status_code == 400
            [error] = answer.json()["errors"]
            assert error["location"] == "body.password" and error["message"]

    async def test_a_megabyte_is_refused_at_once(self, client: AsyncClient) -> None:
        body = {"name": "Ada", "email": "ada@example.com", "password": "x" * 1_000_000}
        assert (await client.post(f"{AUTH}/register", json=body)).status_code in (400, 413)

    async def test_the_response_has_the_profile_and_its_location(self, client: AsyncClient) -> None:
        body = {"name": "  Ada  Lovelace ", "email": "Ada@EXAMPLE.com", "password": NEW}
        answer = await client.post(f"{AUTH}/register", json=body)
        assert answer.status_code == 201
        profile = answer.json()
        assert answer.headers["location"] == f"http://test/api/v1/users/{profile['id']}"
        assert profile["email"] == "Ada@example.com"
        assert profile["roles"] == ["member"]
        assert profile["age"] is None
        assert "password" not in answer.text

    @pytest.mark.race
    async def test_one_address_opens_one_account(self, client: AsyncClient) -> None:
        async def sign_up(email: str) -> Response:
            body = {"name": "Some Body", "email": email, "password": NEW}
            return await client.post(f"{AUTH}/register", json=body)

        for number in range(ROUNDS):
            spellings = (f"ada{number}@example.com", f"ADA{number}@Example.Com")
            answers = await at_once(*map(sign_up, spellings * (CLIENTS // 2)))
            assert sorted(each.status_code for each in answers) == [201] + [409] * (CLIENTS - 1)
            taken = next(each for each in answers if each.status_code == 409)
            assert code_of(taken) == "users.email_taken"

    async def test_nobody_makes_themselves_an_admin(self, client: AsyncClient) -> None:
        body = {"name": "Ada", "email": "a@example.com", "password": NEW, "roles": ["admin"]}
        assert (await client.post(f"{AUTH}/register", json=body)).status_code == 400
