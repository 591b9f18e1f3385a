"""Uploads that arrive during the erasure of their owner are erased too."""

from typing import Any

import pytest
from litestar import Litestar

from core.testing import CLIENTS, PASSWORD, ROUNDS, TestUser, at_once, register
from tests.modules.files.uploads import Traces, form, part, send, upload

pytestmark = pytest.mark.anyio


@pytest.mark.race
async def test_an_erasure_and_uploads_at_once(
    app: Litestar, admin: TestUser, traces: Traces
) -> None:
    """Uploads that end before the erasure are erased too, the first of a user or later ones."""
    for number in range(ROUNDS):
        async with register(app, f"leaving{number}@example.com", "Leaving") as leaving:
            if number % 2:
                await upload(leaving.client)
            *answers, erased = await at_once(
                *(send(leaving.client, form(part(b"late"))) for _ in range(CLIENTS - 1)),
                admin.client.delete(f"/api/v1/users/{leaving.id}"),
            )
            assert erased.status_code == 204, erased.text
            assert {each.status_code for each in answers} <= {201, 401}
    await traces.core.relay().deliver_all()
    assert await traces.all() == (set(), 0, [])


class TestLeavingAtOnce:
    @pytest.fixture
    def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setenv("USERS_DELETION_GRACE_DAYS", "0")
        return {}

    @pytest.mark.race
    async def test_while_uploads_come_in(self, app: Litestar, traces: Traces) -> None:
        for number in range(ROUNDS):
            async with register(app, f"leaving{number}@example.com", "Leaving") as leaving:
                *answers, left = await at_once(
                    *(send(leaving.client, form(part(b"late"))) for _ in range(CLIENTS - 1)),
                    leaving.client.post("/api/v1/users/me/deletion", json={"password": PASSWORD}),
                )
                assert left.status_code == 202, left.text
                assert {each.status_code for each in answers} <= {201, 401}
        await traces.core.relay().deliver_all()
        assert await traces.all() == (set(), 0, [])
