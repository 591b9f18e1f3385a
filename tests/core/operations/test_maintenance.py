"""The maintenance state while the database does not respond."""

from asyncio import Event, create_task, gather, timeout
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import Executable

from core.operations import maintenance
from core.testing import TestUser
from core.web.maintenance import MaintenanceState
from core.wiring.container import CoreContainer

STATE = "/api/v1/admin/maintenance"
CLOSED = {"enabled": True, "message": None, "retry_after_s": 60}


async def status(client: AsyncClient) -> str:
    async with timeout(10):
        return str((await client.get("/health")).json()["status"])


@pytest.mark.fallbacks("maintenance")
async def test_the_last_known_state_is_taken_and_refreshed_beside(
    client: AsyncClient, core: CoreContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = core.maintenance()
    assert await status(client) == "healthy"
    silent, count = Event(), 0
    async with core.db().read() as reads:
        execute = reads.execute

    async def late(statement: Executable, *values: Any) -> Any:
        nonlocal count
        if statement is maintenance.LATEST:
            count += 1
            await silent.wait()
        return await execute(statement, *values)

    monkeypatch.setattr(reads, "execute", late)
    await state.switch(MaintenanceState(enabled=True))
    told = await gather(*(create_task(status(client)) for _ in range(10)))
    assert told == ["healthy"] * 10
    assert count == 1, "all wait for the same"
    assert await status(client) == "healthy"
    silent.set()
    while await status(client) != "maintenance":
        pass


async def test_a_change_counts_from_the_next_request(admin: TestUser, client: AsyncClient) -> None:
    for _ in range(5):
        assert (await admin.client.post(STATE, json=CLOSED)).status_code == 200
        assert await gather(*(status(client) for _ in range(5))) == ["maintenance"] * 5
        opened = await admin.client.post(STATE, json=CLOSED | {"enabled": False})
        assert opened.status_code == 200
        assert await gather(*(status(client) for _ in range(5))) == ["healthy"] * 5
