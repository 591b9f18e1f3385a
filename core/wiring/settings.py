"""The settings of the platform and of every installed module, checked as one."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isclass

from config.settings import ModuleSettings, Settings, check_names, load_settings, sources
from core.wiring.registry import discover


def checked_settings() -> Settings:
    """Raises SettingsError for a value that is wrong or unsafe, and for a name that is none."""
    settings = load_settings()
    check_names(settings_classes(), [f"{name.upper()}_" for name in discover()])
    for each in settings_classes(settings.modules)[1:]:
        each()
    return settings


def described_settings() -> list[tuple[str, str, str]]:
    """Name, value and source of each; secrets are hidden."""
    settings = load_settings()
    loaded = [settings, *(each() for each in settings_classes(settings.modules)[1:])]
    return [(row.name, row.value, row.source) for row in sources(loaded)]


def settings_classes(modules: Sequence[str] | None = None) -> list[type[ModuleSettings]]:
    """The platform's and those that these modules, or all, have in their `settings.py`."""
    found: list[type[ModuleSettings]] = [Settings]
    for plugin in discover(modules).values():
        found += classes_in(f"{plugin.__module__.rpartition('.')[0]}.settings")
    return found


def classes_in(path: str) -> Sequence[type[ModuleSettings]]:
    if not find_spec(path):
        return ()
    members = getmembers(import_module(path), isclass)
    return [
        each for _, each in members if issubclass(each, ModuleSettings) and each.__module__ == path
    ]
