"""The lock of SQLite is held by another process: each request is refused after one wait."""

import sqlite3
from asyncio import create_task, gather, sleep
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select, text

from config.settings import Settings
from core.data.audit import AuditEntry
from core.engine.sql.sqlite import driver, writer
from core.testing import PASSWORD, TestUser, eventually
from core.web.idempotency.store import IdempotencyStore
from core.wiring.container import CoreContainer
from tests.locks import Holder, locked

API = "/api/v1"
ME = f"{API}/users/me"
WAIT_S = 1.0
AT_ONCE = 4


@pytest.fixture
def backend() -> str:
    return "sqlite"


@pytest.fixture
def database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the database file, with a short timeout for its lock."""
    pragmas = [f"busy_timeout = {WAIT_S * 1000:.0f}", *driver.PRAGMAS[1:]]
    monkeypatch.setattr(driver, "PRAGMAS", tuple(pragmas))
    monkeypatch.setattr(writer, "LOCK_WAIT_S", WAIT_S)
    return settings.data_dir / "atrium.db"


@pytest.fixture
async def owner(database: Path, user: TestUser) -> TestUser:
    return user


def change(client: AsyncClient, name: str) -> Any:
    return client.patch(ME, json={"name": name})


def publish(client: AsyncClient, title: str) -> Any:
    return client.post(f"{API}/posts", json={"title": title, "content": "A few words."})


def create_user(client: AsyncClient) -> Any:
    body = {"name": "New User", "email": "new@example.com", "password": PASSWORD}
    return client.post(f"{API}/users", json=body, headers={"idempotency-key": "a-key"})


async def outcomes_of(core: CoreContainer, answer: Response) -> list[str]:
    asked = AuditEntry.request_id == answer.headers["x-request-id"]
    async with core.db().read() as reads:
        return [*(await reads.scalars(select(AuditEntry.outcome).where(asked)))]


def check_busy(*answers: Response) -> None:
    assert [each.status_code for each in answers] == [503] * len(answers)
    assert {each.json()["code"] for each in answers} == {"database.busy"}
    assert all("retry-after" in each.headers for each in answers)


async def test_all_are_refused_after_one_wait(
    owner: TestUser, core: CoreContainer, database: Path
) -> None:
    with locked(database, at_most_s=AT_ONCE * WAIT_S) as holder:
        asked = [change(owner.client, f"Name {number}") for number in range(AT_ONCE)]
        answers = await gather(*asked)
        assert (await owner.client.get(ME)).status_code == 200
        assert holder.still_holds
    check_busy(*answers)
    assert (await change(owner.client, "Another Name")).status_code == 200
    for answer in answers:  # their audit rows follow as soon as one can be written
        await eventually(partial(outcomes_of, core, answer), ["failed"])


async def test_a_new_row_waits_no_longer_behind_another(owner: TestUser, database: Path) -> None:
    """The transaction is sent as a whole, and its wait begins at that time."""
    with locked(database, at_most_s=1.7 * WAIT_S) as holder:
        first = create_task(publish(owner.client, "First"))
        await sleep(WAIT_S / 10)
        answers = await gather(first, *(publish(owner.client, f"{it}") for it in range(AT_ONCE)))
        assert holder.still_holds
    check_busy(*answers)
    assert (await publish(owner.client, "Next")).status_code == 201


async def test_the_audit_row_of_a_refusal_follows(
    owner: TestUser, core: CoreContainer, database: Path
) -> None:
    """The error needs no database, and is sent while its audit row cannot be written."""
    with locked(database, at_most_s=AT_ONCE * WAIT_S) as holder:
        invalid = await owner.client.patch(ME, json={"name": ""})
        assert holder.still_holds
    assert invalid.status_code == 400
    await eventually(partial(outcomes_of, core, invalid), ["refused"])


async def test_a_reservation_is_not_waited_for_either(
    owner: TestUser, admin: TestUser, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is taken between the reservation and the act."""
    reserve = IdempotencyStore.reserve
    with ExitStack() as stack:

        async def reserve_and_lose_the_lock(store: IdempotencyStore, slot: str) -> Any:
            reserved = await reserve(store, slot)
            holders.append(stack.enter_context(locked(database, AT_ONCE * WAIT_S)))
            return reserved

        holders: list[Holder] = []
        monkeypatch.setattr(IdempotencyStore, "reserve", reserve_and_lose_the_lock)
        answer = await create_user(admin.client)
        assert holders[0].still_holds
    check_busy(answer)
    monkeypatch.setattr(IdempotencyStore, "reserve", reserve)
    await eventually(partial(status_of_creation, admin.client), 201)


async def status_of_creation(client: AsyncClient) -> int:
    return int((await create_user(client)).status_code)


async def test_a_lock_that_is_released_in_time_is_waited_for(
    owner: TestUser, database: Path
) -> None:
    with locked(database, at_most_s=WAIT_S / 4):
        assert (await change(owner.client, "Another Name")).status_code == 200


async def test_the_log_shrinks_again(core: CoreContainer, database: Path) -> None:
    """The log grows while a reader holds an old snapshot, with any number of writes."""
    log = database.with_name("atrium.db-wal")
    async with core.db().transaction() as tx:
        await tx.session.execute(text("CREATE TABLE large (content BLOB)"))
    with closing(sqlite3.connect(database, isolation_level=None)) as old:
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM large").fetchone()
        for _ in range(3):
            async with core.db().transaction() as tx:
                await tx.session.execute(text("INSERT INTO large VALUES (zeroblob(8388608))"))
        assert log.stat().st_size > driver.MAX_IDLE_LOG_BYTES
    for _ in range(2):
        async with core.db().transaction() as tx:
            await tx.session.execute(text("INSERT INTO large VALUES (zeroblob(4194304))"))
            await tx.session.execute(text("DELETE FROM large"))
    async with core.db().transaction() as tx:
        await tx.session.execute(text("DELETE FROM large"))
    assert log.stat().st_size <= driver.MAX_IDLE_LOG_BYTES
