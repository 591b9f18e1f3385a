"""The discovery and the wiring of modules; a failure is a WiringError with one sentence."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from inspect import isclass
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from dependency_injector.providers import Dependency

from config.log_writer import LogWriter
from config.logging import configure_logging
from config.settings import Settings, SettingsError
from core.kernel.contributions import Contribution, Export, WiringError
from core.kernel.loading import as_wiring_error
from core.web.access_log import about_request
from core.wiring.container import CoreContainer
from core.wiring.module import Module
from core.wiring.own import core_contributions

GROUP = "atrium.modules"

AnyModule = Module[Any]
ModuleTypes = Mapping[str, type[AnyModule]]
Exports = Mapping[type, tuple[AnyModule, Export[Any]]]


@dataclass(frozen=True)
class LoadedModules:
    """The modules that could be loaded, and the failures of the others, by name."""

    plugins: dict[str, type[AnyModule]]
    failures: dict[str, WiringError]


def assemble_all(
    settings: Settings, extra: ModuleTypes | None = None, lines: LogWriter | None = None
) -> tuple[CoreContainer, list[AnyModule]]:
    """Build the core and every module: those that are discovered, and the `extra` ones."""
    lines = configure_logging(settings.log_level, settings.log_format, about_request, lines)
    core = CoreContainer(settings=settings, log_lines=lines)
    return core, assemble(core, {**discover(settings.modules), **(extra or {})})


def assemble(core: CoreContainer, found: ModuleTypes) -> list[AnyModule]:
    """Wire and build every module, each one after the modules that it needs."""
    contributed = dict(construct(name, kind, core) for name, kind in found.items())
    exports = {
        export.port: (module, export)
        for module, contributions in contributed.items()
        for export in contributions
        if isinstance(export, Export)
    }
    wire("core", core, exports, core)
    owners = {module: wire(module.name, module.container, exports, core) for module in contributed}
    ordered = in_order(owners)
    named = {module.name: contributed[module] for module in ordered}
    core.contributions().fill({"core": core_contributions(core), **named})
    for module in ordered:
        core.modules().add(module.name, module.version)
        with as_wiring_error(f"The module {module.name} cannot be built", module.package):
            module.build()
    return ordered


def construct(
    name: str, kind: type[AnyModule], core: CoreContainer
) -> tuple[AnyModule, Sequence[Contribution]]:
    """Return the module, not yet wired, and its contributions."""
    with as_wiring_error(f"The module {name} cannot be built", package_of(kind)):
        module = kind(name, core)
        contributed = tuple(module.contributions())
    for part in contributed:
        if not isinstance(part, Contribution):
            raise WiringError(f"The module {name} contributes {part!r}, which is no Contribution.")
    return module, contributed


def discover(only: Sequence[str] | None = None) -> dict[str, type[AnyModule]]:
    """Return the plugin of every module. Raises WiringError if one cannot be loaded."""
    modules = load_modules(only)
    for failure in modules.failures.values():
        raise failure
    return modules.plugins


def load_modules(only: Sequence[str] | None = None) -> LoadedModules:
    """Load every folder in `modules/` with a plugin.py, and every `atrium.modules` entry point."""
    entries = [*in_folder("modules"), *entry_points(group=GROUP)]
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WiringError(f"Two modules are called {twice[0]}: rename one.")
    if unknown := sorted(set(only or ()) - set(names)):
        nearest = "".join(get_close_matches(unknown[0], names, n=1, cutoff=0)) or "none"
        raise WiringError(f"MODULES names {unknown[0]}: no module; the nearest is {nearest}.")
    modules = LoadedModules({}, {})
    for entry in entries:
        if only is None or entry.name in only:
            try:
                modules.plugins[entry.name] = loaded(entry)
            except WiringError as error:
                modules.failures[entry.name] = error
    return modules


def loaded(entry: EntryPoint) -> type[AnyModule]:
    """Import the plugin. Raises WiringError, with file and line, for every error of the import."""
    failure = f"The module {entry.name} cannot be loaded"
    with as_wiring_error(failure, entry.module.rpartition(".")[0] or entry.module):
        try:
            plugin: type[AnyModule] = entry.load()
        except AttributeError as error:
            if error.obj is not sys.modules.get(entry.module, error):
                raise
            missing = f"The module {entry.name} has no {entry.attr} in {entry.module}."
            raise WiringError(missing) from None
    if not isclass(plugin) or not issubclass(plugin, Module):
        raise WiringError(f"{failure}: {entry.attr} in {entry.module} is no Module.")
    if not package_of(plugin):
        raise WiringError(f"{failure}: {entry.module} stands in no package.")
    return plugin


def package_of(plugin: type[AnyModule]) -> str:
    return plugin.__module__.rpartition(".")[0]


def in_folder(package: str) -> Iterator[EntryPoint]:
    """Yield an entry point for each folder with a plugin.py, without loading its code."""
    for folder in import_module(package).__path__:
        for module in iter_modules([folder]):
            if module.ispkg and PathFinder.find_spec("plugin", [str(Path(folder, module.name))]):
                yield EntryPoint(module.name, f"{package}.{module.name}.plugin:Plugin", GROUP)


def wire(name: str, container: Any, exports: Exports, core: CoreContainer) -> list[AnyModule]:
    """Provide the dependencies of `container`; return the modules that export them."""
    owners: list[AnyModule] = []
    for need in container.dependencies.values():
        if not isinstance(need, Dependency):
            continue
        if need.instance_of in exports:
            owner, export = exports[need.instance_of]
            need.override(export.provider)
            owners.append(owner)
        elif not need.is_defined:
            raise WiringError(f"{name} needs {lacking(need.instance_of, core)}")
    return owners


def lacking(port: type, core: CoreContainer) -> str:
    """Describe a missing port, and name the module to add to MODULES if one exports the port."""
    for name, kind in load_modules().plugins.items():
        with suppress(WiringError, SettingsError):
            _, contributed = construct(name, kind, core)
            if any(isinstance(it, Export) and it.port is port for it in contributed):
                return f"{port.__name__}, which {name} exports: add {name} to MODULES."
    return f"{port.__name__}, but no module exports it."


def in_order(owners: Mapping[AnyModule, Sequence[AnyModule]]) -> list[AnyModule]:
    try:
        return list(TopologicalSorter(owners).static_order())
    except CycleError as error:
        circle = " → ".join(module.name for module in error.args[1])
        raise WiringError(f"Modules need each other in a circle: {circle}.") from None
