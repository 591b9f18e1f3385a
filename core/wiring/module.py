"""The base class of modules. The `plugin.py` of a module has one class `Plugin(Module)`."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import getfile
from pathlib import Path
from typing import ClassVar, TypeVar

from dependency_injector.providers import Provider
from litestar import Controller, Router
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.plugins import InitPlugin

from core.kernel.contributions import Contribution
from core.kernel.loading import as_wiring_error
from core.kernel.uncopied import Uncopied
from core.wiring.container import CoreContainer
from core.wiring.controllers import with_services
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
    core, from these services, or from an `Export` of another module. One with a value keeps it. A
    function may stand for a class; its annotated result is then the type of the service.
    """

    def __init__(self, name: str, core: CoreContainer) -> None:
        self.name, self.core = name, core
        self.container = ServiceContainer(name, self.services, core)
        self.dependencies: dict[str, Provide] = {}

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
        own = Mount(f"{self.core.settings().api_prefix}/{self.name}", self.controllers)
        mounts = [own, *self.core.contributions().of(Mount, self.name)]
        with as_wiring_error(f"The routes of {self.name} cannot be made", self.package):
            app_config.route_handlers.extend(ModuleRouter(self, mount) for mount in mounts)
        return app_config


class ModuleRouter(Uncopied, Router):
    """The router of a module; it belongs to one application, so that Litestar need not copy it."""

    def __init__(self, module: Module, mount: Mount) -> None:
        controllers = [with_services(it, module.container) for it in mount.controllers]
        super().__init__(mount.name, route_handlers=controllers, dependencies=module.dependencies)
        self.module, self.package = module.name, module.package
