"""The discovery of modules; a failure is a WiringError with one sentence."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from inspect import isclass
from pathlib import Path
from pkgutil import iter_modules

from core.kernel.contributions import WiringError
from core.kernel.loading import as_wiring_error
from core.wiring.module import Module
from core.wiring.module_settings import SettingsClasses, settings_of

GROUP = "atrium.modules"

ModuleTypes = Mapping[str, type[Module]]


@dataclass(frozen=True)
class LoadedModules:
    """The modules that could be loaded, and the failures of the others, by name."""

    plugins: dict[str, type[Module]]
    settings: dict[str, SettingsClasses]
    failures: dict[str, WiringError]


def discover(only: Sequence[str] | None = None) -> dict[str, type[Module]]:
    """Return the plugin of every module. Raises WiringError if one cannot be loaded."""
    return load_all(only).plugins


def load_all(only: Sequence[str] | None = None) -> LoadedModules:
    """Load every module. Raises WiringError if one cannot be loaded."""
    modules = load_modules(only)
    for failure in modules.failures.values():
        raise failure
    return modules


def load_modules(only: Sequence[str] | None = None) -> LoadedModules:
    """Load every folder in `modules/` with a plugin.py, and every `atrium.modules` entry point."""
    entries = [*in_folder("modules"), *entry_points(group=GROUP)]
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WiringError(f"Two modules are called {twice[0]}: rename one.")
    if unknown := sorted(set(only or ()) - set(names)):
        nearest = "".join(get_close_matches(unknown[0], names, n=1, cutoff=0)) or "none"
        raise WiringError(
            f"MODULES names {unknown[0]}, which is not a module; the nearest is {nearest}."
        )
    modules = LoadedModules({}, {}, {})
    for entry in entries:
        if only is None or entry.name in only:
            try:
                plugin = loaded(entry)
                modules.settings[entry.name] = settings_of(entry.name, package_of(plugin))
                modules.plugins[entry.name] = plugin
            except WiringError as error:
                modules.failures[entry.name] = error
    return modules


def loaded(entry: EntryPoint) -> type[Module]:
    """Import the plugin. Raises WiringError, with file and line, for every error of the import."""
    failure = f"The module {entry.name} cannot be loaded"
    with as_wiring_error(failure, entry.module.rpartition(".")[0] or entry.module):
        try:
            plugin: type[Module] = entry.load()
        except AttributeError as error:
            if error.obj is not sys.modules.get(entry.module, error):
                raise
            missing = f"The module {entry.name} has no {entry.attr} in {entry.module}."
            raise WiringError(missing) from None
    if not isclass(plugin) or not issubclass(plugin, Module):
        raise WiringError(f"{failure}: {entry.attr} in {entry.module} is not a Module.")
    if not package_of(plugin):
        raise WiringError(f"{failure}: {entry.module} is not in a package.")
    return plugin


def package_of(plugin: type[Module]) -> str:
    return plugin.__module__.rpartition(".")[0]


def in_folder(package: str) -> Iterator[EntryPoint]:
    """Yield an entry point for each folder with a plugin.py, without loading its code."""
    for folder in import_module(package).__path__:
        for module in iter_modules([folder]):
            if module.ispkg and PathFinder.find_spec("plugin", [str(Path(folder, module.name))]):
                yield EntryPoint(module.name, f"{package}.{module.name}.plugin:Plugin", GROUP)
