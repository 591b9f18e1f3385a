"""PostgreSQL changes under a running application: requests succeed or are 503, and never 500."""

from asyncio import Event, create_task, gather, sleep
from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import TextClause, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from core.engine.sql import postgres_url
from core.engine.sql.errors import DatabaseBusy
from core.testing import PASSWORD, TestUser, eventually
from core.testing.databases import BACKENDS, Databases, execute
from core.wiring.container import CoreContainer

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("patience")]

API = "/api/v1"
ME = f"{API}/users/me"
ROUNDS = 3
AT_ONCE = 12
ALTERED = (
    "ALTER TABLE users ALTER COLUMN name",
    "ALTER TABLE posts ALTER COLUMN title",  # a trigger reads it, for searches
    "ALTER TABLE core_audit ALTER COLUMN action",
)
END_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
END_BLOCKED = text(
    "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
cut = pytest.mark.fallbacks("announcements", "audit_notes", "maintenance", "notifications")
"""All connections are closed, also those of background tasks."""
numbers = count()


@pytest.fixture(params=[each for each in BACKENDS if each == "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(backend: str, databases: Databases) -> Iterator[str]:
    with databases.copy() as url:
        yield url


@pytest.fixture
async def outside(database_url: str) -> AsyncIterator[AsyncConnection]:
    """Yield a connection of another client of the same database."""
    engine = create_async_engine(postgres_url(database_url))
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def setting(url: str, name: str, value: str | None) -> str:
    """Return the statement that changes a setting of later sessions."""
    change = f"SET {name} = '{value}'" if value else f"RESET {name}"
    return f"ALTER DATABASE {make_url(url).database} {change}"


async def ask_all(user: TestUser) -> list[Response]:
    """Send reads and writes, with and without plans, on many connections at the same time."""
    client = user.client
    asked: list[Any] = []
    for _ in range(AT_ONCE):
        asked += [client.get(ME), client.get(f"{ME}/activity"), client.get(f"{API}/users")]
        asked += [client.patch(ME, json={"name": f"Name {next(numbers)}"}), sign_up(client)]
        asked += [client.post(f"{API}/posts", json={"title": "A title", "content": "Text"})]
    return list(await gather(*asked))


def sign_up(client: AsyncClient) -> Any:
    email = f"user{next(numbers)}@example.com"
    body = {"name": "New User", "email": email, "password": PASSWORD}
    return client.post(f"{API}/auth/register", json=body)


def statuses(answers: list[Response]) -> set[int]:
    for each in answers:
        if each.status_code == 503:
            assert "retry-after" in each.headers
    return {each.status_code for each in answers}


@pytest.mark.engine
async def test_the_type_of_a_column_is_changed(admin: TestUser, database_url: str) -> None:
    """A write of one round trip is repeated; one of several statements may get 503."""
    for _ in range(ROUNDS):
        assert statuses(await ask_all(admin)) == {200, 201}
    for kind in ("text", "varchar(60)"):
        await execute(database_url, *(f"{each} TYPE {kind}" for each in ALTERED))
        assert statuses(await ask_all(admin)) == {200, 201}


async def test_a_column_is_added(admin: TestUser, database_url: str) -> None:
    assert statuses(await ask_all(admin)) == {200, 201}
    await execute(database_url, "ALTER TABLE users ADD COLUMN later text")
    assert statuses(await ask_all(admin)) == {200, 201}


@cut
async def test_a_server_that_only_reads(
    admin: TestUser, database_url: str, outside: AsyncConnection
) -> None:
    """A failover leaves this state until another server has become the primary."""
    await execute(database_url, setting(database_url, "default_transaction_read_only", "on"))
    await cut_all(outside)
    await ask_all(admin)
    reads = [await admin.client.get(path) for path in (ME, f"{API}/users")]
    writes = [await sign_up(admin.client), await change_name(admin)]
    assert statuses(reads) == {200} and statuses(writes) == {503}
    await outside.execute(text(setting(database_url, "default_transaction_read_only", None)))
    await outside.commit()
    await ask_all(admin)
    assert statuses(await ask_all(admin)) == {200, 201}


async def cut_all(outside: AsyncConnection) -> None:
    """Close all connections with the message of a server that shuts down."""
    await outside.execute(END_OTHERS)
    await outside.commit()


@cut
async def test_all_connections_are_cut(admin: TestUser, outside: AsyncConnection) -> None:
    for _ in range(ROUNDS):
        asked = create_task(ask_all(admin))
        await sleep(0.05)
        await cut_all(outside)
        assert statuses(await asked) <= {200, 201, 503}
        await ask_all(admin)
        assert statuses(await ask_all(admin)) == {200, 201}


async def lock_row(outside: AsyncConnection, user: TestUser) -> None:
    await outside.execute(bump(user))


def change_name(user: TestUser) -> Any:
    return user.client.patch(ME, json={"name": f"Name {next(numbers)}"})


@cut
async def test_a_lock_that_the_server_does_not_wait_for(
    user: TestUser, database_url: str, outside: AsyncConnection
) -> None:
    await execute(database_url, setting(database_url, "lock_timeout", "100ms"))
    await cut_all(outside)
    await change_name(user)
    await lock_row(outside, user)
    refused = await change_name(user)
    assert statuses([refused]) == {503} and refused.json()["code"] == "database.busy"
    await outside.rollback()
    assert (await change_name(user)).status_code == 200


async def test_a_statement_that_the_server_ends(user: TestUser, outside: AsyncConnection) -> None:
    await change_name(user)
    await lock_row(outside, user)
    waiting = create_task(change_name(user))
    await eventually(lambda: outside.scalar(END_BLOCKED), 1)
    refused = await waiting
    assert statuses([refused]) == {503} and refused.json()["code"] == "database.too_slow"
    await outside.rollback()
    assert (await change_name(user)).status_code == 200


def bump(user: TestUser) -> TextClause:
    return text(f"UPDATE users SET version = version + 1 WHERE id = '{user.id}'")  # noqa: S608


async def test_two_transactions_that_wait_for_each_other(
    user: TestUser, other_user: TestUser, core: CoreContainer
) -> None:
    """One transaction is rolled back and refused; the other one commits."""
    begun = [Event(), Event()]

    async def change(first: TestUser, second: TestUser, mine: Event, theirs: Event) -> None:
        async with core.db().transaction() as tx:
            await tx.session.execute(bump(first))
            mine.set()
            await theirs.wait()
            await tx.session.execute(bump(second))

    changes = change(user, other_user, *begun), change(other_user, user, *reversed(begun))
    outcomes = await gather(*changes, return_exceptions=True)
    assert {type(each) for each in outcomes} == {type(None), DatabaseBusy}
    assert (await change_name(user)).status_code == 200


async def test_a_transaction_that_saw_an_older_state_is_refused(
    user: TestUser, core: CoreContainer, outside: AsyncConnection
) -> None:
    """Servers with a stricter default isolation level raise this error."""
    with pytest.raises(DatabaseBusy):
        async with core.db().transaction() as tx:
            await tx.session.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
            await tx.session.execute(text("SELECT count(*) FROM users"))
            await outside.execute(bump(user))
            await outside.commit()
            await tx.session.execute(bump(user))
    assert (await change_name(user)).status_code == 200
