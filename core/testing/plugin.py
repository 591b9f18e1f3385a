"""The fixtures of tests that speak HTTP to the real application over a real database."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from inspect import iscoroutinefunction
from pathlib import Path
from secrets import token_hex
from time import time
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from pydantic import SecretStr

from config.log_writer import LogWriter
from config.settings import Settings
from core.kernel.context import enter_context
from core.testing.applications import Applications, clear
from core.testing.databases import BACKENDS, Databases
from core.testing.fallbacks import no_fallbacks_except
from core.testing.users import TestUser, client_of, register
from core.wiring.container import CoreContainer
from core.wiring.plugin import core_of
from core.wiring.registry import load_modules, package_of

HOUR_S = 3600
SECRET_KEY = SecretStr(token_hex(32))
"""The same for each test, so that tests share applications."""
FALLBACKS = "fallbacks(kind, ...): may take these fallbacks; any other test fails when it takes one"


def pytest_configure(config: pytest.Config) -> None:
    """Add the fixtures in the testing.py of each module, which are for the tests of all."""
    config.addinivalue_line("markers", FALLBACKS)
    for module in load_modules().plugins.values():
        if find_spec(fixtures := f"{package_of(module)}.testing"):
            config.pluginmanager.import_plugin(fixtures)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
async def one_event_loop(anyio_backend: str) -> AsyncIterator[None]:
    """Keep one event loop for all tests, because an application is started several times."""
    yield  # noqa: PT022 (the loop ends with this fixture)


@pytest.fixture(autouse=True)
def no_request_context(request: pytest.FixtureRequest, one_event_loop: None) -> None:
    """Discard the request context of the test before, because one task runs all these tests.

    A test that is no coroutine may drive a browser, which has an event loop of its own.
    """
    if iscoroutinefunction(request.function):
        request.getfixturevalue("context_discarded")


@pytest.fixture
async def context_discarded() -> None:
    enter_context(None)


@pytest.fixture(autouse=True)
def early_in_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clocks of the rate limits so that no window ends within a test."""
    ahead = HOUR_S + 1 - time() % HOUR_S
    for counters in ("core.security.limits", "core.web.shared_counters"):
        monkeypatch.setattr(f"{counters}.time", lambda: time() + ahead)


@pytest.fixture(autouse=True)
def no_other_fallbacks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail if a fallback is taken that the test does not name: `pytest.mark.fallbacks("…")`."""
    marks = request.node.iter_markers("fallbacks")
    with no_fallbacks_except([kind for mark in marks for kind in mark.args]):
        yield


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests wait up to 20 s for the maintenance state, because many arrive at once."""
    monkeypatch.setattr("core.operations.maintenance.REFRESH_S", 20.0)


@pytest.fixture
def frequent_renewals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew each lease every 10 ms, so that a test that sets the clock ahead does not wait."""
    monkeypatch.setattr("core.events.leases.RENEW_S", 0.01)


@pytest.fixture(scope="session")
def log_lines() -> Iterator[LogWriter]:
    """Return a log that is discarded, apart from pytest's own output."""
    with open(os.devnull, "wb") as nowhere:
        lines = LogWriter(nowhere.fileno())
        yield lines
        lines.close()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    with ExitStack() as stack:
        yield Databases(tmp_path_factory.mktemp("databases"), stack)


@pytest.fixture(scope="session")
def applications(log_lines: LogWriter) -> Applications:
    return Applications(log_lines)


@pytest.fixture
def own_application(applications: Applications) -> Iterator[None]:
    """Build the application for this test alone, because the test changes how it is built."""
    applications.forget()
    yield
    applications.forget()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Run each test that has a database once on each kind."""
    return str(request.param)


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the application, which is empty when a test begins."""
    folder = tmp_path_factory.getbasetemp() / "var"
    clear(folder)
    return folder


@pytest.fixture
def database_url(backend: str, databases: Databases, data_dir: Path) -> str:
    return databases.fresh(backend, data_dir)


@pytest.fixture
def overrides() -> dict[str, Any]:  # Any: as the fields of Settings declare
    """Return the settings that differ; a test file or class replaces this fixture."""
    return {}


@pytest.fixture
def settings(database_url: str, data_dir: Path, overrides: dict[str, Any]) -> Settings:
    """Return the settings of the application; rate limits are off unless `overrides` sets them."""
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
    """Start the application as the server does, and stop it after the test."""
    async with applications.started(settings) as app:
        yield app


@pytest.fixture
def core(app: Litestar) -> CoreContainer:
    return core_of(app)


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[AsyncClient]:
    """Return a client without a credential."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def user(app: Litestar) -> AsyncIterator[TestUser]:
    """Return a signed-in user, who owns the data of a test."""
    async with register(app, "person@example.com", "Some Person") as registered:
        yield registered


@pytest.fixture
async def other_user(app: Litestar) -> AsyncIterator[TestUser]:
    """Return another signed-in user, who has no access to the data of `user`."""
    async with register(app, "stranger@example.com", "Another Person") as registered:
        yield registered


@pytest.fixture
async def admin(app: Litestar) -> AsyncIterator[TestUser]:
    """Return a signed-in admin."""
    async with register(app, "admin@example.com", "The Admin", roles=("admin",)) as registered:
        yield registered
