"""Modules with one service or port each, which breaks one rule of the start."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from dependency_injector import providers

from core.events.outbox import Outbox
from core.kernel.contributions import Contribution, Export
from core.security.passwords import Passwords
from core.wiring.module import Module, ModuleContainer


@runtime_checkable
class Bell(Protocol):
    def ring(self) -> None: ...


class ComparingService:
    def __init__(self, passwords: Passwords) -> None: ...


class PublishingService:
    def __init__(self, outbox: Outbox) -> None: ...


class ComparingContainer(ModuleContainer):
    core = providers.DependenciesContainer()
    things = providers.Singleton(ComparingService, passwords=core.passwords)


class MistakenContainer(ModuleContainer):
    core = providers.DependenciesContainer()
    things = providers.Singleton(PublishingService, outbox=core.db)


class SilentContainer(ModuleContainer):
    silence: Any = providers.Object(object())


class Comparing(Module[ComparingContainer]):
    container_type = ComparingContainer


class Mistaken(Module[MistakenContainer]):
    container_type = MistakenContainer


class Silent(Module[SilentContainer]):
    container_type = SilentContainer

    def contributions(self) -> Sequence[Contribution]:
        return (Export(Bell, self.container.silence),)
