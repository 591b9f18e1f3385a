"""One write after the other fails, or ends the process: the whole act is stored, or nothing.

Each write of the act is tested, and positions inside each write of SQLite: FT-01 and FT-02.
"""

from asyncio import sleep
from collections import Counter
from collections.abc import Iterator
from errno import EIO
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import Table, func, select

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.data.audit import AuditEntry
from core.data.models import Base
from core.operations.contributions import StartupTask
from core.testing import PASSWORD, TestUser, client_of, register
from core.wiring.container import CoreContainer
from core.wiring.plugin import CorePlugin
from tests.api.acts import ACTS, API, CONTENT, ONCE, Act, change_password, each_act, sign_up, upload
from tests.api.deaths import (
    DATABASE,
    LOG,
    PAGE,
    Copies,
    copy_of,
    moved,
    no_file_beyond,
    opened,
    put_log_into_file,
    torn_files,
    torn_logs,
)
from tests.api.faults import faults
from tests.modules.files.uploads import form, part, send

MOST = 200


def tables() -> list[Table]:
    """Return the tables that acts write to; background tasks change the others."""
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
    """Return the possible audit rows; there may be none if the database fails."""
    return [["failed"], []] if answer.status_code == 503 else [["failed"]]


def stored(folder: Path) -> set[str]:
    return {each.name for each in (folder / "files").rglob("*") if each.is_file()}


async def sweep(core: CoreContainer) -> None:
    """Sweep as at the start of a process; the uploads of this process have ended."""
    await sleep(0.01)
    for each in core.contributions().of(StartupTask, "files"):
        await each.run()


@pytest.mark.fallbacks("audit_notes")  # they may share the COMMIT that fails, and are written later
@each_act
async def test_whichever_write_fails(
    app: Litestar,
    client: AsyncClient,
    core: CoreContainer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    act: Act,
) -> None:
    monkeypatch.setattr("modules.files.service.uploads.MAX_COMMIT_S", 0)
    changed: Counter[str] | None = None
    for failing in range(MOST):

        def fail(number: int, failing: int = failing) -> None:
            if number == failing:
                raise OSError(EIO, "Input/output error")

        async with register(app, f"someone{failing}@example.com", "Some Person") as user:
            before, files = await rows_of(core), stored(settings.data_dir)
            with faults(fail) as called:
                answer = await act(client, user, f"new{failing}@example.com")
            more, new_files = await rows_of(core) - before, stored(settings.data_dir) - files
            if answer.is_success:
                changed = changed or more
                assert more == changed and len(new_files) == changed["files"]
                assert await outcomes_of(core, answer) == ["success"]
            else:
                assert answer.status_code == 503, answer.text
                await sweep(core)
                new_files = stored(settings.data_dir) - files
                assert (more, new_files) == (Counter(), set()), called
                assert await outcomes_of(core, answer) in failed(answer), called
                again = await act(client, user, f"new{failing}@example.com")
                assert again.is_success, again.text
        if failing and len(called) < failing:
            break
    assert (changed or act is change_password) and failing > 2


class TestDeath:
    @pytest.fixture
    def backend(self) -> str:
        """A PostgreSQL server outlives the process, and has no folder to copy."""
        return "sqlite"

    @each_act
    async def test_wherever_it_comes(
        self,
        client: AsyncClient,
        user: TestUser,
        settings: Settings,
        log_lines: LogWriter,
        tmp_path: Path,
        act: Act,
    ) -> None:
        copies = Copies(settings.data_dir, tmp_path / "copies")
        with faults(copies.take) as called:
            answer = await act(client, user, "new@example.com")
        assert answer.is_success and len(called) > 2
        copies.take(0)
        found = {folder: contents(folder) for folder in copies.made}
        before, *_, after = found.values()
        assert before != after
        for folder, each in found.items():
            assert each in (before, after), called[copies.made.index(folder)]
        for folder in found if act is upload else (copies.made[0], copies.made[-1]):
            await revive(folder, settings, log_lines, user, act, found[folder] == after)

    @pytest.mark.parametrize(
        ("act", "begins_anew"), [*((each, False) for each in ACTS), (sign_up, True)]
    )
    async def test_inside_a_write_to_the_log(
        self,
        client: AsyncClient,
        user: TestUser,
        settings: Settings,
        log_lines: LogWriter,
        tmp_path: Path,
        act: Act,
        begins_anew: bool,
    ) -> None:
        if begins_anew:
            put_log_into_file(settings.data_dir)
        copies = Copies(settings.data_dir, tmp_path / "copies")
        with faults(copies.take):
            answer = await act(client, user, "new@example.com")
        assert answer.is_success
        copies.take(0)
        before, after = contents(copies.made[0]), contents(copies.made[-1])
        torn = list(torn_between(copies.made))
        assert before != after and len(torn) > 10
        for folder, log in torn:
            assert contents(folder, log) in (before, after)
        folder, log = torn[-1]
        (folder / LOG).write_bytes(log)
        await revive(folder, settings, log_lines, user, act, contents(folder) == after)

    async def test_while_the_log_is_put_into_the_file(
        self, user: TestUser, settings: Settings, tmp_path: Path
    ) -> None:
        assert (await send(user.client, form(part(CONTENT)))).is_success
        here, later = tmp_path / "copies/here", tmp_path / "copies/later"
        copy_of(settings.data_dir, here)
        copy_of(here, later)
        put_log_into_file(later)
        expected = contents(here)
        torn = list(torn_files((here / DATABASE).read_bytes(), (later / DATABASE).read_bytes()))
        assert len(torn) > 10
        for each in torn:
            (here / DATABASE).write_bytes(each)
            assert contents(here) == expected

    async def test_a_write_to_the_log_that_breaks_off(
        self, client: AsyncClient, user: TestUser, settings: Settings, tmp_path: Path
    ) -> None:
        """The system writes only a part of the data; a process that survives can continue."""
        here = tmp_path / "copies/here"
        copy_of(settings.data_dir, here)
        before = contents(here) | {"core_audit": []}
        for size in range(0, 1_000_000, 2 * PAGE + 999):
            put_log_into_file(settings.data_dir)
            with no_file_beyond(size):
                answer = await sign_up(client, user, "new@example.com")
            if answer.is_success:
                break
            copy_of(settings.data_dir, here)
            assert contents(here) | {"core_audit": []} == before
        assert answer.is_success and size > 10 * PAGE


def torn_between(copies: list[Path]) -> Iterator[tuple[Path, bytes]]:
    """Yield each folder, with each log between it and the next folder."""
    for folder, later in pairwise(copies):
        assert (folder / DATABASE).read_bytes() == (later / DATABASE).read_bytes()
        for log in torn_logs((folder / LOG).read_bytes(), (later / LOG).read_bytes()):
            yield folder, log


def contents(folder: Path, log: bytes | None = None) -> dict[str, list[Any]]:
    """Return the rows of the tables that acts write to, and check the content of uploads."""
    names = [*(each.name for each in tables()), "core_audit"]
    with opened(folder, log) as connection:
        for key, checksum in connection.execute("SELECT storage_key, checksum_sha256 FROM files"):
            [path] = (folder / "files/objects").rglob(key)
            assert sha256(path.read_bytes()).hexdigest() == checksum
        return {
            each: sorted(connection.execute(f"SELECT * FROM {each}"), key=repr)  # noqa: S608
            for each in names
        }


async def revive(
    folder: Path, settings: Settings, log_lines: LogWriter, user: TestUser, act: Act, is_done: bool
) -> None:
    """Start another process on the folder: it keeps completed acts, and can repeat the others."""
    app = create_app(moved(settings, folder), lines=log_lines)
    async with app.lifespan(), client_of(app) as client:
        core: CoreContainer = app.plugins.get(CorePlugin).container
        for each in core.contributions().of(StartupTask):
            await each.run()
        headers = {"authorization": user.client.headers["authorization"]}
        async with client_of(app, **headers) as again:
            here = TestUser(user.id, user.email, again, user.tokens)
            await check_files(again, folder, int(is_done and act is upload))
            done_again = await act(client, here, "new@example.com")
        taken = is_done and act in ONCE
        assert done_again.is_success != taken, done_again.text
        if act is sign_up:
            login = {"email": "new@example.com", "password": PASSWORD}
            assert (await client.post(f"{API}/auth/login", json=login)).status_code == 200


async def check_files(client: AsyncClient, folder: Path, expected: int) -> None:
    """Check that rows and files match, and that no partial upload is left."""
    listed = (await client.get(f"{API}/files")).json()["data"]
    assert len(listed) == len(stored(folder)) == expected
    assert (await client.get(f"{API}/files/usage")).json()["files"] == expected
    for each in listed:
        content = await client.get(f"{API}/files/{each['id']}/download")
        assert content.content == CONTENT
