"""Breaks every rule there is, to show that each can be broken."""

from collections.abc import Sequence
from typing import Any

from click import Command as ClickCommand
from dependency_injector import providers

from core.kernel.contributions import Contribution, Export
from core.operations.contributions import Command, HealthCheck, Statistic
from core.wiring.module import Module, ModuleContainer
from modules.health.service import HealthService
from tests.contracts.broken.public import ThingReader
from tests.contracts.broken.router import OtherThingController, ThingController
from tests.contracts.broken.service import ThingService

DOCTOR, SWEEP = ClickCommand("doctor"), ClickCommand("sweep")


async def nothing() -> int:
    return 0


async def works() -> None: ...


class BrokenContainer(ModuleContainer):
    core = providers.DependenciesContainer()
    health = providers.Dependency(instance_of=HealthService, default=providers.Object(None))
    nothing: Any = providers.Object(object())
    thing = providers.Singleton(ThingService, outbox=core.db, passwords=core.passwords)


class ExpiredDataCleanup(Module[ModuleContainer]):
    """A module with a command that has the name of one of the other module."""

    container_type = ModuleContainer

    def contributions(self) -> Sequence[Contribution]:
        return (Command("sweeping.sweep", lambda: SWEEP),)


class Plugin(Module[BrokenContainer]):
    container_type = BrokenContainer
    controllers = (ThingController, OtherThingController)

    def contributions(self) -> Sequence[Contribution]:
        return (
            Export(ThingReader, self.container.nothing),
            Statistic("thing", nothing),
            HealthCheck("broken.database", works),
            Command("broken.doctor", lambda: DOCTOR),
            Command("broken.sweep", lambda: SWEEP),
        )
