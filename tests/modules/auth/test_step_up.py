"""Re-authentication (step-up): the password makes one session fresh."""

from httpx import AsyncClient

from core.testing import PASSWORD, TestUser, later
from tests.modules.auth.conftest import AUTH, bearer, code_of, log_in, refresh

DRAFT = {"name": "mine", "scopes": ["profile:read"]}


async def test_a_step_up_is_required_after_the_session_was_fresh(
    client: AsyncClient, user: TestUser
) -> None:
    with later(seconds=901):
        tokens = (await refresh(client, user.tokens)).json()
        user.client.headers.update(bearer(tokens["access_token"]))
        asked = await user.client.post(f"{AUTH}/api-keys", json=DRAFT)
        assert (asked.status_code, code_of(asked)) == (403, "auth.step_up_required")
        wrong = await user.client.post(f"{AUTH}/step-up", json={"password": "wrong"})
        assert (wrong.status_code, code_of(wrong)) == (403, "auth.proof_failed")
        again = await user.client.post(f"{AUTH}/api-keys", json=DRAFT)
        assert again.status_code == 403
        right = await user.client.post(f"{AUTH}/step-up", json={"password": PASSWORD})
        assert right.status_code == 204
        made = await user.client.post(f"{AUTH}/api-keys", json=DRAFT)
        assert made.status_code == 201


async def test_a_step_up_makes_only_this_session_fresh(client: AsyncClient, user: TestUser) -> None:
    other = await log_in(client, user)
    with later(seconds=901):
        pair = [(await refresh(client, each)).json() for each in (user.tokens, other)]
        here, there = [bearer(each["access_token"]) for each in pair]
        body = {"password": PASSWORD}
        await client.post(f"{AUTH}/step-up", json=body, headers=here)
        refused = await client.post(f"{AUTH}/api-keys", json=DRAFT, headers=there)
        made = await client.post(f"{AUTH}/api-keys", json=DRAFT, headers=here)
    assert (refused.status_code, made.status_code) == (403, 201)


async def test_other_proofs_are_not_built_yet(user: TestUser) -> None:
    for body in ({}, {"code": "123456"}, {"password": PASSWORD, "code": "123456"}):
        assert (await user.client.post(f"{AUTH}/step-up", json=body)).status_code == 400
