"""The base class of modules. The `plugin.py` of a module has one class `Plugin(Module[…])`."""

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
from core.kernel.loading import as_wiring_error
from core.kernel.uncopied import Uncopied
from core.wiring.container import CoreContainer


class ModuleContainer(DeclarativeContainer):
    """The dependencies and the services of a module, which its handlers may request by name."""

    core = DependenciesContainer()


C = TypeVar("C", bound=ModuleContainer)


@dataclass(frozen=True)
class Mount(Contribution):
    """Controllers at a fixed path outside `/api/v1/<module>`.

    ```python
    class HelloController(Controller):
        path = "/world"

    mount = Mount("/hello", (HelloController,))
    ```
    """

    name: str
    controllers: Sequence[type[Controller]]


@dataclass(frozen=True)
class AnyHost(Contribution):
    """A path that accepts any `Host`, as do all paths below it: `AnyHost("/health")`."""

    name: str


class ModuleRouter(Uncopied, Router):
    """The router of a module; it belongs to one application, so that Litestar need not copy it."""

    def __init__(self, module: str, mount: Mount, dependencies: dict[str, Provide]) -> None:
        super().__init__(mount.name, route_handlers=mount.controllers, dependencies=dependencies)
        self.module = module


class Module(InitPlugin, Generic[C]):
    """A module; its container declares a dependency by `providers.Dependency(instance_of=Port)`."""

    container_type: type[C]
    version: ClassVar[str] = "0.1.0"
    controllers: ClassVar[Sequence[type[Controller]]] = ()
    """The controllers under `<api_prefix>/<module>`; a Mount has those at other paths."""

    def __init__(self, name: str, core: CoreContainer) -> None:
        self.name = name
        self.core = core
        self.container = self.container_type(core=core)

    def contributions(self) -> Sequence[Contribution]:
        """Return the contributions: exports, listeners, permissions, mounts and so on.

        The method is called once, before anything is built: pass providers and lambdas, and build
        nothing.
        """
        return ()

    @property
    def package(self) -> str:
        return type(self).__module__.rpartition(".")[0]

    def services(self) -> dict[str, BaseSingleton[Any]]:
        """Return the providers of the module's services, by their names in the container."""
        providers = self.container.providers.items()
        return {name: it for name, it in providers if isinstance(it, BaseSingleton)}

    def needs(self) -> dict[str, Dependency[Any]]:
        """Return the dependencies on other modules, by their names in the container."""
        providers = self.container.providers.items()
        return {name: it for name, it in providers if isinstance(it, Dependency)}

    def build(self) -> None:
        """Build every service at the start, to find a wrong setting or a missing dependency."""
        for name, service in self.services().items():
            with as_wiring_error(f"{self.name} cannot build its {name}", self.package):
                service()

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        own = Mount(f"{self.core.settings().api_prefix}/{self.name}", self.controllers)
        mounts = [own, *self.core.contributions().of(Mount, self.name)]
        with as_wiring_error(f"The routes of {self.name} cannot be made", self.package):
            app_config.route_handlers.extend(self._router(mount) for mount in mounts)
        return app_config

    def _router(self, mount: Mount) -> Router:
        injectable = {**self.needs(), **self.services()}
        dependencies = {name: as_dependency(provider) for name, provider in injectable.items()}
        return ModuleRouter(self.name, mount, dependencies)


def as_dependency(provider: Provider[Any]) -> Provide:
    """Return a dependency that calls the provider at each request, as a test may override it."""
    return Provide(lambda: provider(), sync_to_thread=False)
