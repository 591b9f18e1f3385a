"""The settings classes of a module, which its `settings.py` defines."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isclass

from config.settings import ModuleSettings
from core.kernel.loading import as_wiring_error

SettingsClasses = Sequence[type[ModuleSettings]]


def settings_of(name: str, package: str) -> SettingsClasses:
    """Return the settings classes in the settings.py of a module; none without this file."""
    path = f"{package}.settings"
    with as_wiring_error(f"The settings of {name} cannot be loaded", package):
        members = getmembers(import_module(path), isclass) if find_spec(path) else []
    kinds = [kind for _, kind in members if kind.__module__ == path]
    return [kind for kind in kinds if issubclass(kind, ModuleSettings)]
