"""The real application over a real database, for every test that speaks HTTP to it."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from shutil import copyfile
from time import time
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from pydantic import SecretStr

from config.log_writer import LogWriter
from config.settings import Settings
from core.data.migrations import upgrade
from core.wiring.container import CoreContainer
from core.wiring.histories import histories
from tests import blocking
from tests.applications import Applications, clear, core_of
from tests.databases import BACKENDS, empty, postgres_database, postgres_server
from tests.fallbacks import no_fallbacks_except
from tests.people import Person, client_of, register

HOUR_S = 3600
LONG = ("race", "process", "browser")
"""The marks of tests that `make test-long` runs."""
SECRET_KEY = SecretStr(token_hex(32))
"""The same for each test, so that they share applications."""


def is_installed(module: str) -> bool:
    return Path("modules", module, "plugin.py").exists()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """A module that is deleted takes its tests with it."""
    gone = collection_path.parent.name == "modules" and collection_path.is_dir()
    return True if gone and not is_installed(collection_path.name) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """And so do those that say `pytest.mark.needs("posts")`."""
    needing = {item: [mark.args[0] for mark in item.iter_markers("needs")] for item in items}
    gone = [item for item, modules in needing.items() if not all(map(is_installed, modules))]
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in gone]
    for item in items:
        if any(map(item.get_closest_marker, LONG)):
            item.add_marker("long")


@pytest.fixture(scope="session")
def blocking_calls() -> list[str]:
    """Calls with which the application held up its event loop, as they come."""
    found: list[str] = []
    blocking.install(found.append)
    return found


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop(blocking_calls: list[str]) -> Iterator[None]:
    """A request that waits for the disk in the loop's thread lets all others wait too."""
    yield
    found = blocking_calls.copy()
    blocking_calls.clear()
    assert not found, "the application blocks its event loop: " + "; ".join(dict.fromkeys(found))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def early_in_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no window of a rate limit ends within a test."""
    ahead = HOUR_S + 1 - time() % HOUR_S
    for counters in ("core.security.limits", "core.web.shared_counters"):
        monkeypatch.setattr(f"{counters}.time", lambda: time() + ahead)


@pytest.fixture(autouse=True)
def no_other_fallbacks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail where a fallback was taken that the test does not name: `pytest.mark.fallbacks("…")`."""
    marks = request.node.iter_markers("fallbacks")
    with no_fallbacks_except([kind for mark in marks for kind in mark.args]):
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashing is costly on purpose, which most tests do not ask about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.security.passwords.MEMORY_KIB", 64)
        yield


@pytest.fixture(scope="session")
def log_lines() -> Iterator[LogWriter]:
    """Where the application's log goes, which no test shares with pytest's own output."""
    with open(os.devnull, "wb") as nowhere:
        lines = LogWriter(nowhere.fileno())
        yield lines
        lines.close()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Databases"]:
    with ExitStack() as stack:
        yield Databases(tmp_path_factory.mktemp("databases"), stack)


class Databases:
    """One migrated database of each kind: a file to copy, and a database to empty."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack

    def fresh(self, backend: str, folder: Path) -> str:
        """The URL of a database that a test has for itself."""
        if backend == "postgresql":
            empty(self._postgres)
            return self._postgres
        folder.mkdir(parents=True, exist_ok=True)
        copyfile(self._sqlite, folder / "atrium.db")
        return f"sqlite:///{folder / 'atrium.db'}"

    def copy(self) -> AbstractContextManager[str]:
        """A database of PostgreSQL that a test may alter."""
        empty(self._postgres)
        return postgres_database(postgres_server(), self._postgres)

    @cached_property
    def _sqlite(self) -> Path:
        path = self._folder / "template.db"
        upgrade(f"sqlite:///{path}", histories())
        return path

    @cached_property
    def _postgres(self) -> str:
        url = self._stack.enter_context(postgres_database(postgres_server()))
        upgrade(url, histories())
        return url


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Every test that touches the database runs on each kind."""
    return str(request.param)


@pytest.fixture(scope="session")
def applications(log_lines: LogWriter) -> Applications:
    return Applications(log_lines)


@pytest.fixture
def own_application(applications: Applications) -> Iterator[None]:
    """Build the application for this test alone, which changes what is read only then."""
    applications.forget()
    yield
    applications.forget()


@pytest.fixture(scope="session", autouse=True)
async def one_event_loop(anyio_backend: str) -> AsyncIterator[None]:
    """Keep one event loop for all tests, because an application is started several times."""
    yield  # noqa: PT022 (the loop ends with this fixture)


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the application, which is empty when a test begins."""
    folder = tmp_path_factory.getbasetemp() / "var"
    clear(folder)
    return folder


@pytest.fixture
def database_url(backend: str, databases: Databases, data_dir: Path) -> str:
    return databases.fresh(backend, data_dir)


@pytest.fixture
def overrides() -> dict[str, Any]:
    """Settings that a test file has otherwise."""
    return {}


@pytest.fixture
def settings(database_url: str, data_dir: Path, overrides: dict[str, Any]) -> Settings:
    """Rate limits are off, but where they are what is tested."""
    given: dict[str, Any] = {
        "environment": "test",
        "secret_key": SECRET_KEY,
        "data_dir": data_dir,
        "database_url": SecretStr(database_url),
        "public_url": "http://test",
        "allowed_hosts": ("test",),
        "rate_limit_enabled": False,
    }
    return Settings(**(given | overrides))


@pytest.fixture
async def app(settings: Settings, applications: Applications) -> AsyncIterator[Litestar]:
    """Started and stopped as the server would."""
    async with applications.started(settings) as app:
        yield app


@pytest.fixture
def core(app: Litestar) -> CoreContainer:
    return core_of(app)


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[AsyncClient]:
    """Nobody in particular."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def person(app: Litestar) -> AsyncIterator[Person]:
    async with register(app, "person@example.com", "Some Person") as registered:
        yield registered


@pytest.fixture
async def stranger(app: Litestar) -> AsyncIterator[Person]:
    """Somebody else, signed in."""
    async with register(app, "stranger@example.com", "Another Person") as registered:
        yield registered


@pytest.fixture
async def admin(app: Litestar) -> AsyncIterator[Person]:
    async with register(app, "admin@example.com", "The Admin", roles=("admin",)) as registered:
        yield registered
