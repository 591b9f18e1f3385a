"""A client that lost the response to its refresh repeats it, and gets the same new token."""

from typing import Any

import pytest
from httpx import AsyncClient

from core.kit import Module
from core.testing import CoreContainer, TestUser, at_once, later, read_only_database
from modules.auth.service.cleanup import ExpiredDataCleanup
from modules.auth.service.signing_keys import PRINCIPALS
from tests.modules.auth.conftest import ME, bearer, log_in, refresh, rotated, works
from tests.modules.auth.refresh_tokens import LIVE, SEALED, count


class TestLostAnswer:
    """The client has only the token that it sent, and sends it again."""

    async def test_a_lost_answer_is_repeated_for_a_day(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        successor = await rotated(client, user.tokens)
        for hours in (1, 12, 23.9):
            with later(hours=hours):
                again = await rotated(client, user.tokens)
                assert again["refresh_token"] == successor["refresh_token"]
        with later(hours=23.95):
            assert await works(client, again)
            assert (await refresh(client, user.tokens)).status_code == 401
            assert not await works(client, again), "the session has ended"

    async def test_a_lost_answer_is_repeated_no_longer_than_that(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        successor = await rotated(client, user.tokens)
        with later(hours=24, seconds=1):
            assert (await refresh(client, user.tokens)).status_code == 401
            assert (await refresh(client, successor)).status_code == 401

    async def test_an_answer_has_arrived_if_its_access_token_was_used(
        self, client: AsyncClient, other_instance: AsyncClient, user: TestUser
    ) -> None:
        for instance in (client, other_instance):
            tokens = await log_in(client, user)
            successor = await rotated(client, tokens)
            assert await works(instance, successor)
            with later(seconds=8):
                assert (await refresh(client, tokens)).status_code == 200, "the grace of tabs"
            with later(seconds=11):
                assert (await refresh(client, tokens)).status_code == 401
                assert not await works(client, successor)

    async def test_an_answer_has_arrived_if_an_access_token_of_a_repetition_was_used(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        await rotated(client, user.tokens)
        with later(minutes=5):
            assert await works(client, await rotated(client, user.tokens))
            assert (await refresh(client, user.tokens)).status_code == 401

    async def test_an_answer_has_arrived_if_the_successor_was_used(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        third = await rotated(client, await rotated(client, user.tokens))
        with later(minutes=5):
            assert (await refresh(client, user.tokens)).status_code == 401
            assert (await refresh(client, third)).status_code == 401

    async def test_earlier_access_tokens_do_not_matter(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        successor = await rotated(client, user.tokens)
        assert await works(client, user.tokens)
        with later(minutes=5):
            assert await works(client, user.tokens)
            again = await rotated(client, user.tokens)
            assert again["refresh_token"] == successor["refresh_token"]

    async def test_a_successor_is_stored_no_longer_than_it_can_be_repeated(
        self, client: AsyncClient, core: CoreContainer, auth: Module, user: TestUser
    ) -> None:
        await rotated(client, user.tokens)
        with later(hours=24, seconds=1):
            await auth.provider(ExpiredDataCleanup)().sweep()
        assert await count(core, SEALED) == 0

    @pytest.mark.usefixtures("patience")
    async def test_fifty_late_retries_get_one_and_the_same_successor(
        self,
        client: AsyncClient,
        other_instance: AsyncClient,
        core: CoreContainer,
        user: TestUser,
    ) -> None:
        successor = await rotated(client, user.tokens)
        with later(minutes=5):
            answers = await at_once(
                *(refresh(each, user.tokens) for each in (client, other_instance) * 25)
            )
        assert {each.status_code for each in answers} == {200}
        assert {each.json()["refresh_token"] for each in answers} == {successor["refresh_token"]}
        assert await count(core, LIVE) == 1

    @pytest.mark.usefixtures("patience")
    async def test_a_use_among_fifty_repetitions_at_once_stays_noted(
        self, client: AsyncClient, other_instance: AsyncClient, user: TestUser
    ) -> None:
        successor = await rotated(client, user.tokens)
        with later(minutes=5):
            access = client.get(ME, headers=bearer(successor["access_token"]))
            _, *answers = await at_once(
                access, *(refresh(each, user.tokens) for each in (client, other_instance) * 25)
            )
            assert {each.status_code for each in answers} <= {200, 401}
            assert (await refresh(client, user.tokens)).status_code == 401

    async def test_one_use_is_written_and_the_others_are_not(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        """An attempt to write would be counted as a fallback, and the test would fail."""
        tokens = await rotated(client, user.tokens)
        assert await works(client, tokens)
        with read_only_database(core):
            for _ in range(5):
                core.cache_versions().advance([PRINCIPALS])  # each lookup begins again
                assert await works(client, tokens)

    @pytest.mark.fallbacks("token_use")
    async def test_a_database_that_takes_no_writes_stops_no_reads(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        tokens = await rotated(client, user.tokens)
        with read_only_database(core):
            assert await works(client, tokens)

    class TestSwitchedOff:
        @pytest.fixture
        def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
            monkeypatch.setenv("AUTH_REFRESH_RETRY_S", "0")
            return {}

        async def test_only_the_grace_is_left(self, client: AsyncClient, user: TestUser) -> None:
            successor = await rotated(client, user.tokens)
            with later(seconds=8):
                assert (await refresh(client, user.tokens)).status_code == 200
            with later(seconds=11):
                assert (await refresh(client, user.tokens)).status_code == 401
                assert not await works(client, successor)

    class TestWithoutGrace:
        @pytest.fixture
        def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
            monkeypatch.setenv("AUTH_REFRESH_GRACE_S", "0")
            return {}

        async def test_it_is_given_until_it_is_used(
            self, client: AsyncClient, user: TestUser
        ) -> None:
            await rotated(client, user.tokens)
            successor = await rotated(client, user.tokens)
            assert await works(client, successor)
            assert (await refresh(client, user.tokens)).status_code == 401
