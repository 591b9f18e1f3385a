"""A module that breaks every rule, to show that each can be broken."""

from collections.abc import Sequence
from typing import Any

from click import Command as ClickCommand

from core.kernel.contributions import Contribution, Export
from core.operations.contributions import Command, HealthCheck, Statistic
from core.wiring.module import AddedRoutes, Module
from tests.contracts.broken.public import ThingReader
from tests.contracts.broken.router import OtherThingController, ThingController
from tests.contracts.broken.service import ThingService

DOCTOR, SWEEP = ClickCommand("doctor"), ClickCommand("sweep")


async def nothing() -> int:
    return 0


async def works() -> None: ...


class ExpiredDataCleanup(Module):
    """A module with a command that has the name of one of the other module."""

    def contributions(self) -> Sequence[Contribution]:
        return (Command("sweeping.sweep", lambda: SWEEP),)


class Plugin(Module):
    controllers = (ThingController, OtherThingController)
    services = (ThingService,)

    def contributions(self) -> Sequence[Contribution]:
        empty: Any = object()
        return (
            AddedRoutes("broken.things", "brokn", ()),
            Export(ThingReader, lambda: empty),
            Export(ThingService, self.provider(ThingService)),
            Statistic("thing", nothing),
            HealthCheck("broken.database", works),
            Command("broken.doctor", lambda: DOCTOR),
            Command("broken.sweep", lambda: SWEEP),
        )
