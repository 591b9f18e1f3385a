"""Clocks that jump: no session lasts for ever, and no user is locked out for long (FT-13)."""

import pytest
from httpx import AsyncClient

from core.testing import TestUser, later
from tests.modules.auth.conftest import log_in, refresh, works

JUMPS = [{"minutes": 5}, {"minutes": -5}, {"days": 1}, {"days": -1}]


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_who_signs_in_meanwhile_comes_in_and_goes_out(
    client: AsyncClient, other_instance: AsyncClient, user: TestUser, jump: dict[str, int]
) -> None:
    """The session is valid, and ends, by either clock."""
    with later(**jump):
        tokens = await log_in(client, user)
        assert await works(client, tokens) and await works(other_instance, tokens)
        assert (await refresh(other_instance, tokens)).status_code == 200
    with later(days=16):
        assert not await works(client, tokens)
        assert (await refresh(client, tokens)).status_code == 401


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_who_was_signed_in_still_can_be_when_it_has_jumped_back(
    client: AsyncClient, user: TestUser, jump: dict[str, int]
) -> None:
    with later(**jump):
        await works(client, user.tokens)
        again = await log_in(client, user)
    assert await works(client, user.tokens)
    fresh = await refresh(client, user.tokens)
    assert fresh.status_code == 200 and await works(client, fresh.json())
    assert (await refresh(client, again)).status_code in (200, 401)
