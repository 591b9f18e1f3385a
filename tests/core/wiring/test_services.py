"""Services of a module get their arguments by type, and controllers get services by type."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import pytest
from litestar import Controller, Litestar

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.clock import Clock, utc_now
from core.kernel.contributions import Contribution, Export
from core.kernel.schemas import Schema
from core.security.policies import public
from core.testing import client_of
from core.web.route_decorators import get
from core.wiring.module import Module


class Greeting(Schema):
    text: str


@runtime_checkable
class Names(Protocol):
    def name(self) -> str: ...


class Register:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def name(self) -> str:
        return self.folder.name


def register(settings: Settings) -> Register:
    return Register(settings.data_dir)


class RegisterModule(Module):
    """A module with a service that a function builds."""

    services = (register,)

    def contributions(self) -> Sequence[Contribution]:
        return (Export(Names, self.provider(Register)),)


class Salutation:
    word = "Hello"


class Greeter:
    def __init__(self, names: Names, salutation: Salutation, clock: Clock, mark: str = "!") -> None:
        self._names, self._salutation, self._clock, self._mark = names, salutation, clock, mark

    def greet(self) -> Greeting:
        assert self._clock is utc_now
        return Greeting(text=f"{self._salutation.word} {self._names.name()}{self._mark}")


class Named:
    names: Names


class GreetingController(Named, Controller):
    anyone: Greeter

    @get("/service", summary="Greet by a service", policy=public)
    async def greet(self) -> Greeting:
        return self.anyone.greet()

    @get("/port", summary="Greet by the port of another module", policy=public)
    async def read_name(self) -> Greeting:
        return Greeting(text=self.names.name())


class GreetingModule(Module):
    """A module with unordered services, and a controller with a port that no service takes."""

    controllers = (GreetingController,)
    services = (Greeter, Salutation)


@pytest.fixture
def backend() -> str:
    """The database does not matter here."""
    return "sqlite"


@pytest.fixture
async def app(settings: Settings, log_lines: LogWriter) -> AsyncIterator[Litestar]:
    modules = {"greetings": GreetingModule, "registers": RegisterModule}
    app = create_app(settings, modules, log_lines)
    async with app.lifespan():
        yield app


async def text(app: Litestar, path: str) -> str:
    async with client_of(app) as client:
        answer = await client.get(f"/api/v1/greetings/{path}")
        greeting: str = answer.json()["text"]
        return greeting


async def test_parameters_get_the_objects_of_their_types(app: Litestar) -> None:
    assert await text(app, "service") == "Hello var!"
    assert await text(app, "port") == "var"


async def test_a_test_replaces_a_service_by_its_provider(app: Litestar) -> None:
    provider = app.plugins.get(RegisterModule).provider(Register)
    with provider.override(Register(Path("other"))):
        assert await text(app, "port") == "other"
    assert await text(app, "port") == "var"


async def test_a_service_is_built_once(app: Litestar) -> None:
    provider = app.plugins.get(GreetingModule).provider(Greeter)
    assert provider() is provider()
