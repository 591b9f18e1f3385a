"""Refresh tokens: valid once, repeatable for a short time, and revoked after a theft."""

from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import select

from core.kit import Module
from core.kit.platform import Maintenance, MaintenanceState
from core.testing import CLIENTS, ROUNDS, CoreContainer, TestUser, at_once, later
from modules.auth.models import RefreshToken
from modules.auth.service.cleanup import ExpiredDataCleanup
from tests.modules.auth.conftest import AUTH, bearer, code_of, log_in, refresh, rotated, works
from tests.modules.auth.refresh_tokens import LIVE, SEALED, count
from tests.modules.auth.trail import trail


class TestReuse:
    async def test_reuse_ends_the_session_and_no_other(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        other = await log_in(client, user)
        first = user.tokens
        second = await rotated(client, first)
        third = await rotated(client, second)
        fourth = await rotated(client, third)

        answer = await refresh(client, first)
        assert (answer.status_code, code_of(answer)) == (401, "auth.invalid_refresh_token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        for tokens in (first, second, third, fourth):
            assert not await works(client, tokens)
            assert (await refresh(client, tokens)).status_code == 401
        assert await works(client, other)
        assert (await refresh(client, other)).status_code == 200
        [event] = await trail(core, "auth.refresh_reuse")
        assert event.outcome == "refused"
        assert event.target_id and event.actor_id == user.id

    async def test_reuse_counts_after_the_grace_period(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        successor = await rotated(client, user.tokens)
        assert await works(client, successor)
        with later(seconds=11):
            assert (await refresh(client, user.tokens)).status_code == 401
            assert not await works(client, successor)
            assert (await refresh(client, successor)).status_code == 401

    async def test_within_the_grace_it_gives_the_same_successor(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        successor = await rotated(client, user.tokens)
        with later(seconds=8):
            again = await rotated(client, user.tokens)
        assert again["refresh_token"] == successor["refresh_token"]
        assert await works(client, again)

    async def test_once_the_successor_was_used_there_is_no_grace(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        third = await rotated(client, await rotated(client, user.tokens))
        assert (await refresh(client, user.tokens)).status_code == 401
        assert (await refresh(client, third)).status_code == 401

    async def test_the_database_has_hashes_and_a_successor_that_only_its_holder_decrypts(
        self, client: AsyncClient, core: CoreContainer, auth: Module, user: TestUser
    ) -> None:
        successor = await rotated(client, user.tokens)
        columns = select(RefreshToken.digest, RefreshToken.sealed_successor)
        async with core.db().read() as reads:
            kept = [bytes(each) for row in await reads.execute(columns) for each in row if each]
        for tokens in (user.tokens, successor):
            assert all(tokens["refresh_token"].encode() not in each for each in kept)
        assert await count(core, SEALED) == 1
        with later(seconds=11):
            await auth.provider(ExpiredDataCleanup)().sweep()
            assert await count(core, SEALED) == 1, "the answer may have been lost"
            assert await works(client, successor)
            await auth.provider(ExpiredDataCleanup)().sweep()
            assert await count(core, SEALED) == 0


class TestRaces:
    @pytest.mark.race
    async def test_fifty_at_once_get_one_and_the_same_successor(
        self,
        client: AsyncClient,
        other_instance: AsyncClient,
        core: CoreContainer,
        user: TestUser,
    ) -> None:
        tokens = user.tokens
        for _ in range(ROUNDS):
            answers = await at_once(
                *(refresh(each, tokens) for each in (client, other_instance) * (CLIENTS // 2))
            )
            assert {each.status_code for each in answers} == {200}
            assert len({each.json()["refresh_token"] for each in answers}) == 1
            assert await count(core, LIVE) == 1
            tokens = answers[0].json()

    @pytest.mark.race
    async def test_a_logout_among_them_wins(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        for number in range(ROUNDS):
            tokens = await log_in(client, user) if number else user.tokens
            credential = bearer(tokens["access_token"])
            *answers, left = await at_once(
                *(refresh(client, tokens) for _ in range(CLIENTS - 1)),
                client.post(f"{AUTH}/logout", headers=credential),
            )
            assert left.status_code == 204
            assert {each.status_code for each in answers} <= {200, 401}
            assert await count(core, LIVE) == 0
            assert not await works(client, tokens)


class TestWithoutGrace:
    @pytest.fixture
    def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setenv("AUTH_REFRESH_GRACE_S", "0")
        monkeypatch.setenv("AUTH_REFRESH_RETRY_S", "0")
        return {}

    @pytest.mark.race
    async def test_exactly_one_of_fifty_at_once_wins(
        self,
        client: AsyncClient,
        other_instance: AsyncClient,
        core: CoreContainer,
        user: TestUser,
    ) -> None:
        for _ in range(ROUNDS):
            tokens = await log_in(client, user)
            answers = await at_once(
                *(refresh(each, tokens) for each in (client, other_instance) * (CLIENTS // 2))
            )
            statuses = sorted(each.status_code for each in answers)
            assert statuses == [200] + [401] * (CLIENTS - 1)
        assert await count(core, SEALED) == 0
        assert await count(core, LIVE) == 1  # the fixture's own session

    async def test_the_second_time_is_a_theft(self, client: AsyncClient, user: TestUser) -> None:
        successor = await rotated(client, user.tokens)
        assert (await refresh(client, user.tokens)).status_code == 401
        assert not await works(client, successor)


class TestEnds:
    async def test_it_is_told_in_whole_seconds_of_which_none_is_lost(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        """Some microseconds pass between the end of the session and the response."""
        tokens = await log_in(client, user)
        assert tokens["refresh_expires_in"] == 14 * 86_400

    async def test_the_session_ends_when_it_is_not_refreshed(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        with later(days=14, seconds=1):
            assert (await refresh(client, user.tokens)).status_code == 401

    async def test_a_session_ends_after_thirty_days_in_any_case(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        tokens = user.tokens
        for day in (13, 26):
            with later(days=day):
                tokens = await rotated(client, tokens)
        assert tokens["refresh_expires_in"] <= 4 * 86_400
        with later(days=30, seconds=1):
            assert (await refresh(client, tokens)).status_code == 401

    async def test_an_old_token_is_worth_nothing_after_a_new_login(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        await user.client.post(f"{AUTH}/logout")
        fresh = await log_in(client, user)
        assert (await refresh(client, user.tokens)).status_code == 401
        assert (await refresh(client, fresh)).status_code == 200


class TestRefusals:
    @pytest.mark.parametrize(
        "body",
        [{}, {"refresh_token": ""}, {"refresh_token": 5}, {"refresh_token": None}, {"other": "x"}],
    )
    async def test_what_is_no_request_is_400(
        self, client: AsyncClient, body: dict[str, Any]
    ) -> None:
        assert (await client.post(f"{AUTH}/refresh", json=body)).status_code == 400

    async def test_unknown_tokens_are_refused(self, client: AsyncClient) -> None:
        for token in ("x", "x" * 43, "x" * 4096, "'; DROP TABLE users; --"):
            assert (await refresh(client, {"refresh_token": token})).status_code == 401

    async def test_one_that_fails_burns_nothing(
        self, client: AsyncClient, app: Litestar, core: CoreContainer, user: TestUser
    ) -> None:
        maintenance: Maintenance = core.maintenance()
        await maintenance.switch(MaintenanceState(True, "Back soon", 7))
        closed = await refresh(client, user.tokens)
        assert (closed.status_code, code_of(closed)) == (503, "http.maintenance")
        assert closed.headers["retry-after"] == "7"
        row = (await trail(core, "auth.refresh"))[-1]
        assert (row.outcome, row.actor_id) == ("failed", user.id)
        await maintenance.switch(MaintenanceState())
        assert (await refresh(client, user.tokens)).status_code == 200
