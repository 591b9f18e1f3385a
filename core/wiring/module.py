"""The shape of a feature module. Its `plugin.py` has one class: `class Plugin(Module[…])`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import (
    BaseSingleton,
    DependenciesContainer,
    Dependency,
    Provider,
)
from litestar import Controller, Router
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.plugins import InitPlugin

from core.kernel.contributions import Contribution
from core.kernel.loading import told_in_a_sentence
from core.kernel.uncopied import Uncopied
from core.wiring.container import CoreContainer


class ModuleContainer(DeclarativeContainer):
    """What a module needs and builds; its handlers may ask for either, by name."""

    core = DependenciesContainer()


C = TypeVar("C", bound=ModuleContainer)


@dataclass(frozen=True)
class Mount(Contribution):
    """Controllers at a fixed place, e.g. `Mount("/health", (HealthController,))`."""

    name: str
    controllers: Sequence[type[Controller]]


@dataclass(frozen=True)
class AnyHost(Contribution):
    """A path that answers, with all below it, whatever `Host` names: `AnyHost("/health")`."""

    name: str


class ModuleRouter(Uncopied, Router):
    """Made for one application, with all that is in it."""


class Module(InitPlugin, Generic[C]):
    """What a module needs, it says in its container: `providers.Dependency(instance_of=Port)`."""

    container_type: type[C]
    version: ClassVar[str] = "0.1.0"
    controllers: ClassVar[Sequence[type[Controller]]] = ()
    """They stand under `<api_prefix>/<module>`; what must stand elsewhere is a Mount."""

    def __init__(self, name: str, core: CoreContainer) -> None:
        self.name = name
        self.core = core
        self.container = self.container_type(core=core)

    def contributions(self) -> Sequence[Contribution]:
        """What it adds to the rest: exports, listeners, permissions, mounts and so on.

        Called once, before anything is built: name providers and lambdas, build nothing.
        """
        return ()

    @property
    def package(self) -> str:
        return type(self).__module__.rpartition(".")[0]

    def services(self) -> dict[str, BaseSingleton[Any]]:
        """What it builds, by its name in the container."""
        every = self.container.providers.items()
        return {name: each for name, each in every if isinstance(each, BaseSingleton)}

    def needs(self) -> dict[str, Dependency[Any]]:
        """What other modules build for it."""
        every = self.container.providers.items()
        return {name: each for name, each in every if isinstance(each, Dependency)}

    def build(self) -> None:
        """Build everything at the start, so that a wrong setting or a missing part is found."""
        for name, service in self.services().items():
            with told_in_a_sentence(f"{self.name} cannot build its {name}", self.package):
                service()

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        own = Mount(f"{self.core.settings().api_prefix}/{self.name}", self.controllers)
        mounts = [own, *self.core.contributions().of(Mount, self.name)]
        with told_in_a_sentence(f"The routes of {self.name} cannot be made", self.package):
            app_config.route_handlers.extend(self._router(each) for each in mounts)
        return app_config

    def _router(self, mount: Mount) -> Router:
        asked_for = {**self.needs(), **self.services()}
        return ModuleRouter(
            mount.name,
            route_handlers=mount.controllers,
            dependencies={name: as_dependency(each) for name, each in asked_for.items()},
            tags=[self.name],
            opt={"module": self.name},
        )


def as_dependency(provider: Provider[Any]) -> Provide:
    """Ask the provider at each request, so that a test may override it at any time."""
    return Provide(lambda: provider(), sync_to_thread=False)
