"""A revoked token ends its session."""

from httpx import AsyncClient

from core.testing import TestUser
from tests.modules.auth.conftest import AUTH, log_in, refresh, works


class TestRevocation:
    async def test_a_revocation_ends_the_session_of_either_token(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        for kind in ("access_token", "refresh_token"):
            tokens = await log_in(client, user)
            answer = await client.post(f"{AUTH}/revoke", data={"token": tokens[kind]})
            assert (answer.status_code, answer.content) == (200, b"")
            assert not await works(client, tokens)
            assert (await refresh(client, tokens)).status_code == 401
        assert await works(client, user.tokens)

    async def test_a_revocation_has_the_same_response_for_other_tokens(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        forms = [
            {"token": "x" * 43},
            {"token": "a.b.c"},
            {"token": user.tokens["access_token"] + "="},
            {"token": "\u0000\u202e", "token_type_hint": "nonsense", "more": "ignored"},
        ]
        for form in forms:
            answer = await client.post(f"{AUTH}/revoke", data=form)
            assert (answer.status_code, answer.content) == (200, b"")
        assert await works(client, user.tokens)

    async def test_a_revocation_requires_a_form_with_a_token(self, client: AsyncClient) -> None:
        empty = await client.post(f"{AUTH}/revoke", data={"other": "x"})
        assert (empty.status_code, empty.json()["error"]) == (400, "invalid_request")
        assert (await client.post(f"{AUTH}/revoke", json={"token": "x"})).status_code == 415
