"""The base class of modules. The `plugin.py` of a module has one class `Plugin(Module)`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import getfile
from pathlib import Path
from typing import ClassVar, TypeVar

from dependency_injector.providers import Provider
from litestar import Controller, Router
from litestar.config.app import AppConfig
from litestar.plugins import InitPlugin

from core.kernel.contributions import Contribution
from core.kernel.loading import as_wiring_error
from core.kernel.principal import Permission
from core.kernel.uncopied import Uncopied
from core.wiring.container import CoreContainer
from core.wiring.controllers import with_services
from core.wiring.module_settings import settings_of
from core.wiring.services import Service, ServiceContainer

S = TypeVar("S")


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
class AddedRoutes(Contribution):
    """Controllers under the path of another module, such as `/api/v1/admin`.

    The routes count as routes of that module: they have its tag and its operation ids. They exist
    only beside that module.
    """

    name: str
    module: str
    """The module that gets the routes."""
    controllers: Sequence[type[Controller]]
    permissions: Sequence[Permission] = ()
    """The permissions that exist for these routes; they count as permissions of that module."""


@dataclass(frozen=True)
class AnyHost(Contribution):
    """A path that accepts any `Host`, as do all paths below it: `AnyHost("/health")`."""

    name: str


class Module(InitPlugin):
    """A module: its controllers, its services, and its contributions to core and other modules.

    Its `plugin.py` has one subclass, named `Plugin`.

    ```python
    class Letters:
        def __init__(self, db: Database, clock: Clock) -> None:
            self._db, self._clock = db, clock

        async def count(self) -> int:
            return 0

    class Plugin(Module):
        services = (Letters,)

        def contributions(self) -> Sequence[Contribution]:
            letters = self.provider(Letters)
            return (Statistic("letters.total", lambda: letters().count()),)
    ```
    """

    version: ClassVar[str] = "0.1.0"
    controllers: ClassVar[Sequence[type[Controller]]] = ()
    """The controllers under `<api_prefix>/<module>`; a Mount has those at other paths."""
    services: ClassVar[Sequence[Service]] = ()
    """The classes of the services, each built once at the start.

    A parameter of a constructor, or an attribute of a controller, gets the object of its type: from
    core, from these services, from the module's `settings.py`, or from an `Export` of another
    module. One with a value keeps it. A function may stand for a class; its annotated result is
    then the type of the service.
    """

    def __init__(self, name: str, core: CoreContainer) -> None:
        self.name, self.core = name, core
        services: Sequence[Service] = (*settings_of(name, self.package), *self.services)
        self.container = ServiceContainer(name, services, core)

    def contributions(self) -> Sequence[Contribution]:
        """Return the contributions: exports, listeners, permissions, mounts and so on.

        The method is called once, before anything is built: pass providers and lambdas, and build
        nothing.
        """
        return ()

    def provider(self, kind: type[S]) -> Provider[S]:
        """Return the provider of a service, which returns the service when it is called.

        `kind` is the type of one of `services`, or a type that core offers, such as `Database`.
        Raises WiringError for any other type.
        """
        return self.container.provider(kind)

    @property
    def package(self) -> str:
        return type(self).__module__.rpartition(".")[0]

    @property
    def folder(self) -> Path:
        """Return the folder of the module, which may have catalogues of messages."""
        return Path(getfile(type(self))).parent

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        with as_wiring_error(f"The routes of {self.name} cannot be made", self.package):
            app_config.route_handlers.extend(
                ModuleRouter(module, self, mount) for module, mount in self._mounts()
            )
        return app_config

    def _mounts(self) -> Iterator[tuple[str, Mount]]:
        """Yield the controllers with their paths, and the names of the modules that get them."""
        prefix, contributions = self.core.settings().api_prefix, self.core.contributions()
        yield self.name, Mount(f"{prefix}/{self.name}", self.controllers)
        for mount in contributions.of(Mount, self.name):
            yield self.name, mount
        for added in contributions.of(AddedRoutes, self.name):
            if added.module in contributions.modules:
                yield added.module, Mount(f"{prefix}/{added.module}", added.controllers)


class ModuleRouter(Uncopied, Router):
    """A router of a module; it belongs to one application, so that Litestar need not copy it.

    `module` is the module whose routes these are, `giver` the module that has their code.
    """

    def __init__(self, module: str, giver: Module, mount: Mount) -> None:
        controllers = [with_services(it, giver.container) for it in mount.controllers]
        super().__init__(mount.name, route_handlers=controllers)
        self.module, self.giver, self.package = module, giver.name, giver.package
