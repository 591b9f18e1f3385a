"""The assembly of core and of the modules, each one after the modules whose exports it uses."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain

from dependency_injector.providers import Dependency
from litestar import Controller

from config.log_writer import LogWriter
from config.logging import configure_logging
from config.settings import Settings, SettingsError
from core.kernel.contributions import Contribution, Export, WiringError
from core.kernel.loading import as_wiring_error
from core.web.access_log import about_request
from core.wiring.container import CoreContainer
from core.wiring.controllers import needs_of_controller
from core.wiring.core_contributions import core_contributions
from core.wiring.module import AddedRoutes, Module, Mount
from core.wiring.registry import ModuleTypes, discover, load_modules, package_of
from core.wiring.services import Need, in_order, refuse_circles

Contributed = Mapping[Module, Sequence[Contribution]]
Exports = Mapping[type, tuple[Module, Export[object]]]


def assemble_all(
    settings: Settings, extra: ModuleTypes | None = None, lines: LogWriter | None = None
) -> tuple[CoreContainer, list[Module]]:
    """Build the core and every module: those that are discovered, and the `extra` ones."""
    lines = configure_logging(settings.log_level, settings.log_format, about_request, lines)
    core = CoreContainer(settings=settings, log_lines=lines)
    return core, assemble(core, {**discover(settings.modules), **(extra or {})})


def assemble(core: CoreContainer, found: ModuleTypes) -> list[Module]:
    """Connect and build every module, each one after the modules whose exports it uses."""
    contributed = dict(construct(name, kind, core) for name, kind in found.items())
    ordered = connect_all(core, contributed)
    core.contributions().fill({"core": core_contributions(core), **by_module(ordered, contributed)})
    for module in ordered:
        core.modules().add(module.name, module.version)
        module.container.build(module.package)
    return ordered


def construct(
    name: str, kind: type[Module], core: CoreContainer
) -> tuple[Module, Sequence[Contribution]]:
    """Return the module, not yet connected, and its contributions."""
    with as_wiring_error(f"The module {name} cannot be built", package_of(kind)):
        module = kind(name, core)
        contributed = tuple(module.contributions())
    for part in contributed:
        if not isinstance(part, Contribution):
            raise WiringError(
                f"The module {name} contributes {part!r}, which is not a Contribution."
            )
    return module, contributed


def connect_all(core: CoreContainer, contributed: Contributed) -> list[Module]:
    """Match all that is needed with an offer; return the modules in wiring order."""
    exports = {
        export.port: (module, export)
        for module, contributions in contributed.items()
        for export in contributions
        if isinstance(export, Export)
    }
    for port in ports_of(core):
        connect_port(core, port, exports.pop(port.instance_of, None))
    owners: dict[Module, list[Module]] = {}
    for module, contributions in contributed.items():
        with as_wiring_error(f"The services of {module.name} cannot be read", module.package):
            owners[module] = connect(module, controllers_of(module, contributions), exports)
    ordered = in_order("Modules", owners, lambda module: module.name)
    refuse_circles(module.container for module in ordered)
    return ordered


def by_module(
    modules: Sequence[Module], contributed: Contributed
) -> dict[str, Sequence[Contribution]]:
    """Return what each module contributes, and the permissions of the routes that it gets."""
    added = [it for module in modules for it in contributed[module] if isinstance(it, AddedRoutes)]
    return {
        module.name: [
            *contributed[module],
            *chain(*(it.permissions for it in added if it.module == module.name)),
        ]
        for module in modules
    }


def ports_of(core: CoreContainer) -> list[Dependency[object]]:
    """Return the dependencies of core on modules, such as `Authenticator`."""
    every = core.providers.values()
    return [it for it in every if isinstance(it, Dependency) and not it.is_defined]


def connect_port(
    core: CoreContainer, port: Dependency[object], offer: tuple[Module, Export[object]] | None
) -> None:
    if offer is None:
        name = port.instance_of.__name__
        cure = advice(port.instance_of, core) or "but no module exports it."
        raise WiringError(f"core needs {name}, {cure}")
    port.override(offer[1].provider)


def controllers_of(
    module: Module, contributed: Sequence[Contribution]
) -> Sequence[type[Controller]]:
    mounts = [it.controllers for it in contributed if isinstance(it, Mount | AddedRoutes)]
    return [*module.controllers, *chain(*mounts)]


def connect(
    module: Module, controllers: Sequence[type[Controller]], exports: Exports
) -> list[Module]:
    """Match what services and controllers need; return the modules whose exports they use."""
    container = module.container
    for port, (owner, export) in exports.items():
        if not (owner is module and port in container.own):
            container.offer(port, owner.name, export.provider)
    needs = [*chain(*container.needs.values(), *map(needs_of_controller, controllers))]
    for need in needs:
        refuse_unmet(need, module)
    container.connect()
    exporters = {owner.name: owner for owner, _ in exports.values() if owner is not module}
    givers = [container.offers[need.kind].giver for need in needs]
    return [exporters[giver] for giver in givers if giver in exporters]


def refuse_unmet(need: Need, module: Module) -> None:
    """Raise WiringError for a need without an offer."""
    if need.kind not in module.container.offers:
        offer = f"add it to the services of {module.name}, or let another module export it."
        cure = advice(need.kind, module.core) or f"which nothing offers: {offer}"
        raise WiringError(f"{module.name} needs {need}, {cure}")


def advice(port: object, core: CoreContainer) -> str | None:
    """Name the module to add to MODULES, if one that is left out exports the port."""
    for name, kind in load_modules().plugins.items():
        with suppress(WiringError, SettingsError):
            _, contributed = construct(name, kind, core)
            if any(isinstance(it, Export) and it.port is port for it in contributed):
                return f"which {name} exports: add {name} to MODULES."
    return None
