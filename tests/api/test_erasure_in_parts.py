"""The erasure of a user who has much data: many short transactions, which may be interrupted."""

from asyncio import CancelledError
from itertools import count
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from core.data import erasing
from core.engine.sql.connection_pool import ConnectionPool
from core.kit import utc_now, uuid7
from core.testing import CoreContainer, TestUser, later
from core.web.idempotency.models import IdempotencyRow
from modules.users.models import User

API = "/api/v1"
USERS = f"{API}/users"


@pytest.fixture
def overrides(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("USERS_DELETION_GRACE_DAYS", "0")
    return {}


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the list of the open time of each committed transaction, in seconds."""
    opened: dict[int, float] = {}
    lasted: list[float] = []
    acquire, commit = ConnectionPool.acquire, ConnectionPool.commit

    async def acquire_counted(self: ConnectionPool) -> Any:
        connection = await acquire(self)
        opened[id(connection)] = perf_counter()
        return connection

    async def commit_counted(self: ConnectionPool, connection: Any, session: Any) -> None:
        await commit(self, connection, session)
        lasted.append(perf_counter() - opened.pop(id(connection)))

    monkeypatch.setattr(ConnectionPool, "acquire", acquire_counted)
    monkeypatch.setattr(ConnectionPool, "commit", commit_counted)
    return lasted


async def kept_answers(core: CoreContainer, user: TestUser, count: int) -> None:
    rows = [
        {"slot": f"{number:064}", "owner": uuid7(), "person_id": user.id}
        | {"reserved_at": utc_now(), "status": 201, "headers": [], "body": b"{}"}
        for number in range(count)
    ]
    async with core.db().transaction() as tx:
        await tx.session.execute(insert(IdempotencyRow), rows)


async def count_answers(core: CoreContainer) -> int:
    async with core.db().read() as reads:
        return int(await reads.scalar(select(func.count()).select_from(IdempotencyRow)))


async def test_much_is_erased_in_many_short_transactions(
    user: TestUser,
    admin: TestUser,
    core: CoreContainer,
    transactions: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No transaction changes more rows than its time allows, for any number of rows."""
    monkeypatch.setattr(erasing, "BUDGET_S", 0.002)
    monkeypatch.setattr(erasing, "MAX_ROWS", 20)
    await kept_answers(core, user, 2_000)
    assert (await admin.client.delete(f"{USERS}/{user.id}")).status_code == 204
    transactions.clear()
    await core.relay().deliver_all()
    assert len(transactions) > 10 and await count_answers(core) == 0


async def test_no_statement_begins_that_would_take_longer_than_is_left(
    user: TestUser,
    admin: TestUser,
    core: CoreContainer,
    transactions: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Long texts take long: a transaction ends when the next statement would exceed its time."""
    timed, statements = erasing.timed, count()

    async def slow(connection: Any, statement: Any, rows: int) -> tuple[int, float]:
        next(statements)
        changed, _ = await timed(connection, statement, rows)
        return changed, erasing.BUDGET_S

    await kept_answers(core, user, 20)
    assert (await admin.client.delete(f"{USERS}/{user.id}")).status_code == 204
    transactions.clear()
    monkeypatch.setattr(erasing, "timed", slow)
    await core.relay().deliver_all()
    assert len(transactions) >= next(statements) > 20
    assert await count_answers(core) == 0


async def test_an_erasure_that_dies_is_finished_later(
    user: TestUser, admin: TestUser, core: CoreContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BUDGET_S", 0.002)
    monkeypatch.setattr(erasing, "MAX_ROWS", 20)
    await kept_answers(core, user, 1_000)
    store, calls = core.idempotency_store(), count(1)
    erase = store.erase

    async def die(person_id: UUID) -> bool:
        if next(calls) >= 4:
            raise CancelledError
        return await erase(person_id)

    monkeypatch.setattr(store, "erase", die)
    assert (await admin.client.delete(f"{USERS}/{user.id}")).status_code == 204
    await core.relay().deliver_all()
    assert 0 < await count_answers(core) < 1_000
    for path in (f"{USERS}/{user.id}", f"{API}/admin/users/{user.id}"):
        assert (await admin.client.get(path)).status_code == 404
    monkeypatch.setattr(store, "erase", erase)
    with later(hours=2):
        await core.relay().deliver_all()
    assert await count_answers(core) == 0
    async with core.db().read() as reads:
        assert await reads.scalar(select(User.id).where(User.id == user.id)) is None
