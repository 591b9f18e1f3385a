"""Modules with services or exports that break one rule of the start each."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from litestar import Controller

from core.data.database import Database
from core.kernel.contributions import Contribution, Export
from core.security.policies import public
from core.web.route_decorators import get
from core.wiring.module import Module


@runtime_checkable
class Bell(Protocol):
    def ring(self) -> None: ...


class Silent(Module):
    def contributions(self) -> Sequence[Contribution]:
        silence: Any = object()
        return (Export(Bell, lambda: silence),)


class RingingService:
    def __init__(self, bell: Bell) -> None: ...


class Unoffered(Module):
    services = (RingingService,)


class RingingController(Controller):
    ringing: RingingService

    @get(summary="Ring", policy=public)
    async def ring(self) -> None: ...


class UnlistedService(Module):
    """A module with a controller that takes a service which the module does not list."""

    controllers = (RingingController,)


class Thing:
    pass


def make_thing() -> Thing:
    return Thing()


class Doubled(Module):
    services = (Thing, make_thing)


def make_database(of_core: Database) -> Database:
    return of_core


class OfferedByCore(Module):
    services = (make_database,)


class UntypedParameter:
    def __init__(self, thing) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001


class Untyped(Module):
    services = (Thing, UntypedParameter)


def make_something():  # type: ignore[no-untyped-def]  # noqa: ANN201
    return Thing()


class UntypedResult(Module):
    services = (make_something,)


class Hen:
    def __init__(self, egg: "Egg") -> None: ...


class Egg:
    def __init__(self, hen: Hen) -> None: ...


class Circular(Module):
    services = (Hen, Egg)


class TagController(Controller):
    tags: RingingService  # type: ignore[assignment]


class NamedAsOption(Module):
    """A module with a controller that gives a service the name of an option of Litestar."""

    controllers = (TagController,)
