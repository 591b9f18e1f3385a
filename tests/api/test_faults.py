"""One write after the other fails, or is where the process dies: all of the act is there, or none.

Until there are no more writes in it: FT-01 and FT-02.
"""

import shutil
import sqlite3
from asyncio import sleep
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from errno import EIO
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from pydantic import SecretStr
from sqlalchemy import Table, func, select

from config.lines import Lines
from config.settings import Settings
from core.app import create_app
from core.data.audit import AuditEntry
from core.data.models import Base
from core.operations.contributions import Preparation
from core.wiring.container import CoreContainer
from core.wiring.plugin import CorePlugin
from tests.api.faults import faults
from tests.modules.files.uploads import form, part, send
from tests.people import PASSWORD, Person, client_of, register

API = "/api/v1"
CONTENT = b"0123456789" * 10_000
MOST = 200
Act = Callable[[AsyncClient, Person, str], Awaitable[Response]]
"""Of this person, or with that new address."""


async def upload(_: AsyncClient, person: Person, __: str) -> Response:
    return await send(person.client, form(part(CONTENT)))


async def sign_up(client: AsyncClient, _: Person, email: str) -> Response:
    body = {"name": "New Person", "email": email, "password": PASSWORD}
    return await client.post(f"{API}/auth/register", json=body)


async def sign_in(client: AsyncClient, person: Person, _: str) -> Response:
    body = {"email": person.email, "password": PASSWORD}
    return await client.post(f"{API}/auth/login", json=body)


async def refresh(client: AsyncClient, person: Person, _: str) -> Response:
    body = {"refresh_token": person.tokens["refresh_token"]}
    return await client.post(f"{API}/auth/refresh", json=body)


async def make_key(_: AsyncClient, person: Person, __: str) -> Response:
    body = {"name": "A key", "scopes": ["profile:read"]}
    return await person.client.post(f"{API}/auth/api-keys", json=body)


each_act = pytest.mark.parametrize("act", [upload, sign_up, sign_in, refresh, make_key])


def tables() -> list[Table]:
    """Those an act writes to: background work changes the others."""
    every = Base.metadata.sorted_tables
    return [each for each in every if each.name == "core_events" or "core_" not in each.name]


async def rows_of(core: CoreContainer) -> Counter[str]:
    async with core.db().read() as reads:
        counts = {each: select(func.count()).select_from(each) for each in tables()}
        return Counter({each.name: await reads.scalar(rows) for each, rows in counts.items()})


async def outcomes_of(core: CoreContainer, answer: Response) -> list[str]:
    asked = AuditEntry.request_id == answer.headers["x-request-id"]
    async with core.db().read() as reads:
        return [*(await reads.scalars(select(AuditEntry.outcome).where(asked)))]


def failed(answer: Response) -> list[list[str]]:
    """What may be on record: of a database that is down nothing, where nobody is known yet."""
    return [["failed"], []] if answer.status_code == 503 else [["failed"]]


def stored(folder: Path) -> set[str]:
    return {each.name for each in (folder / "files").rglob("*") if each.is_file()}


async def sweep(core: CoreContainer) -> None:
    """As it happens when a process starts; the uploads of this one are over."""
    await sleep(0.01)
    for each in core.contributions().of(Preparation, "files"):
        await each.run()


@each_act
async def test_whichever_write_fails(
    app: Litestar,
    client: AsyncClient,
    core: CoreContainer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    act: Act,
) -> None:
    monkeypatch.setattr("modules.files.service.uploads.LONGEST_COMMIT_S", 0)
    changed: Counter[str] | None = None
    for failing in range(MOST):

        def fail(number: int, failing: int = failing) -> None:
            if number == failing:
                raise OSError(EIO, "Input/output error")

        async with register(app, f"someone{failing}@example.com", "Some Person") as person:
            before, files = await rows_of(core), stored(settings.data_dir)
            with faults(fail) as called:
                answer = await act(client, person, f"new{failing}@example.com")
            more, new_files = await rows_of(core) - before, stored(settings.data_dir) - files
            if answer.is_success:
                changed = changed or more
                assert more == changed and len(new_files) == changed["files"]
                assert await outcomes_of(core, answer) == ["success"]
            else:
                assert answer.status_code in (500, 503), answer.text
                await sweep(core)
                new_files = stored(settings.data_dir) - files
                assert (more, new_files) == (Counter(), set()), called
                assert await outcomes_of(core, answer) in failed(answer), called
                again = await act(client, person, f"new{failing}@example.com")
                assert again.is_success, again.text
        if failing and len(called) < failing:
            break
    assert changed and failing > 2


class Copies:
    """Of everything on the disk, as a process that dies now leaves it to the next one."""

    def __init__(self, data_dir: Path, folder: Path) -> None:
        self._data_dir, self._folder = data_dir, folder
        self.made: list[Path] = []

    def take(self, number: int) -> None:
        copy = self._folder / str(number)
        ignored = shutil.ignore_patterns("*-shm")
        shutil.copytree(self._data_dir, copy, ignore=ignored)
        self.made.append(copy)


class TestDeath:
    @pytest.fixture
    def backend(self) -> str:
        """A server of PostgreSQL outlives the process, and has no folder to copy."""
        return "sqlite"

    @each_act
    async def test_wherever_it_comes(
        self,
        client: AsyncClient,
        person: Person,
        settings: Settings,
        log_lines: Lines,
        tmp_path: Path,
        act: Act,
    ) -> None:
        copies = Copies(settings.data_dir, tmp_path / "copies")
        with faults(copies.take) as called:
            answer = await act(client, person, "new@example.com")
        assert answer.is_success and len(called) > 2
        copies.take(0)
        before, after = contents(copies.made[0]), contents(copies.made[-1])
        assert before != after
        for folder in copies.made:
            assert contents(folder) in (before, after), called[copies.made.index(folder)]
        for folder in copies.made if act is upload else (copies.made[0], copies.made[-1]):
            is_done = contents(folder) == after
            await revive(folder, settings, log_lines, person, act, is_done)


def contents(folder: Path) -> dict[str, list[Any]]:
    """Every row of every table that acts write to, and that the file is sound."""
    with closing(sqlite3.connect(folder / "atrium.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        names = [*(each.name for each in tables()), "core_audit"]
        return {
            each: sorted(connection.execute(f"SELECT * FROM {each}"), key=repr)  # noqa: S608
            for each in names
        }


async def revive(
    folder: Path, settings: Settings, log_lines: Lines, person: Person, act: Act, is_done: bool
) -> None:
    """The next process goes on from there: what was done counts, and what was not can be done."""
    places = {
        "data_dir": folder,
        "database_url": SecretStr(f"sqlite:///{folder / 'atrium.db'}"),
        "storage_url": SecretStr(f"file://{folder / 'files'}"),
    }
    app = create_app(settings.model_copy(update=places), lines=log_lines)
    async with app.lifespan(), client_of(app) as client:
        core: CoreContainer = app.plugins.get(CorePlugin).container
        for each in core.contributions().of(Preparation):
            await each.run()
        headers = {"authorization": person.client.headers["authorization"]}
        async with client_of(app, **headers) as again:
            here = Person(person.id, person.email, again, person.tokens)
            await check_files(again, folder, int(is_done and act is upload))
            done_again = await act(client, here, "new@example.com")
        taken = is_done and act is sign_up
        assert done_again.is_success != taken, done_again.text
        if act is sign_up:
            login = {"email": "new@example.com", "password": PASSWORD}
            assert (await client.post(f"{API}/auth/login", json=login)).status_code == 200


async def check_files(client: AsyncClient, folder: Path, expected: int) -> None:
    """Each row has its bytes, each file its row, and what was begun is gone."""
    listed = (await client.get(f"{API}/files")).json()["data"]
    assert len(listed) == len(stored(folder)) == expected
    assert (await client.get(f"{API}/files/usage")).json()["files"] == expected
    for each in listed:
        content = await client.get(f"{API}/files/{each['id']}/download")
        assert content.content == CONTENT
