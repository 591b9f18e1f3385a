"""Finds the modules, gives each what it needs, and says in one sentence what does not fit."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pkgutil import iter_modules
from traceback import extract_tb
from typing import Any

from dependency_injector.providers import Dependency

from core.kernel.contributions import Export, WiringError
from core.wiring.container import CoreContainer
from core.wiring.module import Module
from core.wiring.own import core_contributions

GROUP = "atrium.modules"

AnyModule = Module[Any]
ModuleTypes = Mapping[str, type[AnyModule]]
Exports = Mapping[type, tuple[AnyModule, Export[Any]]]


def assemble(core: CoreContainer, found: ModuleTypes) -> list[AnyModule]:
    """Build every module and wire it, those first that others need."""
    modules = [kind(name, core) for name, kind in found.items()]
    contributed = {module: module.contributions() for module in modules}
    exports = {
        each.port: (module, each)
        for module, all_ in contributed.items()
        for each in all_
        if isinstance(each, Export)
    }
    wire("core", core, exports, core)
    owners = {module: wire(module.name, module.container, exports, core) for module in modules}
    ordered = in_order(owners)
    named = {module.name: contributed[module] for module in ordered}
    core.contributions().fill({"core": core_contributions(core), **named})
    for module in ordered:
        core.modules().add(module.name, module.version)
        module.build()
    return ordered


def discover(only: Sequence[str] | None = None) -> dict[str, type[AnyModule]]:
    """Every folder in `modules/` with a plugin.py, and every installed `atrium.modules` entry."""
    entries = [*in_folder("modules"), *entry_points(group=GROUP)]
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WiringError(f"Two modules are called {twice[0]}: rename one.")
    if unknown := sorted(set(only or ()) - set(names)):
        nearest = "".join(get_close_matches(unknown[0], names, n=1, cutoff=0)) or "none"
        raise WiringError(f"MODULES names {unknown[0]}: no module; the nearest is {nearest}.")
    return {entry.name: loaded(entry) for entry in entries if only is None or entry.name in only}


def loaded(entry: EntryPoint) -> type[AnyModule]:
    """Import the plugin. Raises WiringError, with the place, for every error on the way."""
    try:
        plugin: type[AnyModule] = entry.load()
    except Exception as error:
        if isinstance(error, AttributeError) and error.obj is sys.modules.get(entry.module, error):
            missing = f"The module {entry.name} has no {entry.attr} in {entry.module}."
            raise WiringError(missing) from None
        raise WiringError(
            f"The module {entry.name} cannot be loaded: {described(error)}, in {place_of(error)}."
        ) from error
    return plugin


def described(error: Exception) -> str:
    text = str(error.msg if isinstance(error, SyntaxError) else error).rstrip(".")
    return text if isinstance(error, ImportError) else f"{type(error).__name__}: {text}"


def place_of(error: Exception) -> str:
    """Return the file and line of the last frame that is no library's."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = [each for each in extract_tb(error.__traceback__) if "importlib" not in each.filename]
    own = [each for each in frames if "site-packages" not in each.filename] or frames
    return f"{own[-1].filename}, line {own[-1].lineno}"


def in_folder(package: str) -> Iterator[EntryPoint]:
    """A folder with a plugin.py counts as if it were installed."""
    for each in iter_modules(import_module(package).__path__):
        plugin = f"{package}.{each.name}.plugin"
        if each.ispkg and find_spec(plugin):
            yield EntryPoint(each.name, f"{plugin}:Plugin", GROUP)


def wire(name: str, container: Any, exports: Exports, core: CoreContainer) -> list[AnyModule]:
    """Fill what `container` needs; returns the modules it now stands on."""
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
    """Who exports it may have been left out of MODULES."""
    for name, kind in discover().items():
        offered = kind(name, core).contributions()
        if any(isinstance(each, Export) and each.port is port for each in offered):
            return f"{port.__name__}, which {name} exports: add {name} to MODULES."
    return f"{port.__name__}, but no module exports it."


def in_order(owners: Mapping[AnyModule, Sequence[AnyModule]]) -> list[AnyModule]:
    try:
        return list(TopologicalSorter(owners).static_order())
    except CycleError as error:
        circle = " → ".join(module.name for module in error.args[1])
        raise WiringError(f"Modules need each other in a circle: {circle}.") from None
