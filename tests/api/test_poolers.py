"""PgBouncer between the service and PostgreSQL, in session mode and in transaction mode."""

from asyncio import gather
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.data.migrations import current, pending, upgrade
from core.data.poolers import Pooler, find_pooler
from core.testing import PASSWORD, TestUser, client_of, eventually
from core.testing.databases import BACKENDS, Databases, postgres_database, postgres_server
from core.wiring.container import CoreContainer
from core.wiring.histories import histories
from tests.api.serving import ADMIN_EMAIL, client_at, run, serving, sign_in
from tests.core.engine.sql.test_connection_pool import settings_of_each_connection
from tests.pgbouncer import pgbouncer

pytestmark = pytest.mark.process

API = "/api/v1"
ME = f"{API}/users/me"
AT_ONCE = 30
MODES = ("session", "transaction") if "postgresql" in BACKENDS else ()
numbers = count()


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def backend() -> str:
    return "postgresql"


@pytest.fixture
def direct_url(backend: str, databases: Databases) -> Iterator[str]:
    with databases.copy() as url:
        yield url


@pytest.fixture
def database_url(direct_url: str, mode: str) -> Iterator[str]:
    with pgbouncer(direct_url, mode) as url:
        yield url


@pytest.fixture
def overrides(mode: str) -> dict[str, Any]:
    return {"database_pooler": mode if mode == "transaction" else None}


@pytest.fixture
async def second(
    app: Litestar, settings: Settings, tmp_path: Path, log_lines: LogWriter
) -> AsyncIterator[Litestar]:
    """Yield the application on another machine."""
    own = settings.model_copy(update={"data_dir": tmp_path / "second"})
    other = create_app(own, lines=log_lines)
    async with other.lifespan():
        yield other


async def test_what_clients_do(admin: TestUser) -> None:
    client, upload = admin.client, {"file": ("a.txt", b"text", "text/plain")}
    for _ in range(3):
        assert (await client.get(ME)).json()["email"] == admin.email
        assert (await client.patch(ME, json={"name": f"Name {next(numbers)}"})).status_code == 200
        assert (await client.get(f"{API}/users?search=admin&sort=name")).json()["total"] == 1
        assert (await client.get(f"{API}/users?cursor=")).status_code == 200
        assert (await client.get(f"{API}/admin/audit")).status_code == 200
        assert (await client.post(f"{API}/files/upload", files=upload)).status_code == 201
        assert (await client.get(f"{ME}/export")).status_code == 200


@pytest.mark.usefixtures("patience")
async def test_many_at_once(admin: TestUser) -> None:
    """The requests are more than the server connections of the transaction mode."""

    def ask() -> list[Any]:
        client = admin.client
        change = client.patch(ME, json={"name": f"Name {next(numbers)}"})
        return [client.get(ME), client.get(f"{API}/users"), change, sign_up(client)]

    asked = [each for _ in range(AT_ONCE) for each in ask()]
    answers: list[Response] = list(await gather(*asked))
    assert {each.status_code for each in answers} == {200, 201}
    assert (await admin.client.get(f"{API}/users")).json()["total"] == AT_ONCE + 1


def sign_up(client: Any) -> Any:
    email = f"user{next(numbers)}@example.com"
    body = {"name": "New User", "email": email, "password": PASSWORD}
    return client.post(f"{API}/auth/register", json=body)


async def test_maintenance_reaches_the_other_machine(
    admin: TestUser, user: TestUser, second: Litestar
) -> None:
    authorization = user.client.headers["authorization"]

    async def status() -> int:
        return (await other.get(ME)).status_code

    async with client_of(second, authorization=authorization) as other:
        assert await status() == 200
        for enabled, expected in ((True, 503), (False, 200)):
            body = {"enabled": enabled}
            switched = await admin.client.post(f"{API}/admin/maintenance", json=body)
            assert switched.status_code == 200
            await eventually(status, expected)


async def test_postgresql_compiles_no_statement(core: CoreContainer) -> None:
    assert await settings_of_each_connection(core.db(), "jit") == ["off"] * 3


async def test_quick_statements_get_no_worker_process(core: CoreContainer) -> None:
    settings = await settings_of_each_connection(core.db(), "max_parallel_workers_per_gather")
    assert settings[:2] == ["0", "0"]


async def test_it_is_found_out(direct_url: str, database_url: str, mode: str) -> None:
    assert await find_pooler(database_url) is Pooler(mode)
    assert await find_pooler(direct_url) is None


def test_migrations_take_their_turn(mode: str) -> None:
    with postgres_database(postgres_server()) as direct, pgbouncer(direct, mode) as url:
        assert any(upgrade(url, histories()).values())
        assert not pending(url, histories())
        assert current(url, histories()) == current(direct, histories())


@pytest.mark.timeout(120)
def test_the_service_and_the_doctor_find_it(database_url: str, mode: str, tmp_path: Path) -> None:
    with serving(tmp_path, DATABASE_URL=database_url, WORKERS="2") as served:
        address = served.address()
        with client_at(address, sign_in(address, ADMIN_EMAIL)) as client:
            for _ in range(10):
                assert client.get("/users/me").status_code == 200
                name = {"name": f"Name {next(numbers)}"}
                assert client.patch("/users/me", json=name).status_code == 200
        assert served.stop() == 0
    told = {"DATABASE_POOLER": mode} if mode == "transaction" else {}
    assert f"pooler: in {mode} mode" in run(tmp_path, "doctor", DATABASE_URL=database_url, **told)
    if told:
        refused = refusal(tmp_path, "keys", "rotate", DATABASE_URL=database_url)
        assert "set DATABASE_POOLER=transaction" in refused


def refusal(folder: Path, *command: str, **settings: str) -> str:
    with pytest.raises(AssertionError) as refused:
        run(folder, *command, **settings)
    return str(refused.value)
