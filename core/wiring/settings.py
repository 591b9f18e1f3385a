"""The settings of the platform and of every installed module, checked together."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isclass
from typing import TypeVar

from config.settings import (
    ModuleSettings,
    Settings,
    SettingsError,
    SettingSource,
    check_names,
    load_settings,
    sources,
)
from core.kernel.contributions import WiringError
from core.kernel.loading import as_wiring_error
from core.wiring.module import Module
from core.wiring.registry import discover, load_modules, package_of

S = TypeVar("S", bound=ModuleSettings)

WRONG = "(wrong)"


def checked_settings() -> Settings:
    """Return the settings of the platform, after the settings of all modules have been checked.

    Raises SettingsError for a wrong or unsafe value, and for an unknown name.
    Raises WiringError if a module, or its settings, cannot be loaded.
    """
    settings = load_settings()
    modules = discover(settings.modules)
    classes = {name: classes_of(name, plugin) for name, plugin in modules.items()}
    check_all_names()
    for name, kinds in classes.items():
        for kind in kinds:
            instance_of(name, kind)
    return settings


def settings_classes(modules: Sequence[str] | None = None) -> list[type[ModuleSettings]]:
    """Return the settings classes of the platform and of these modules, or of all modules."""
    classes: list[type[ModuleSettings]] = [Settings]
    for name, plugin in discover(modules).items():
        classes += classes_of(name, plugin)
    return classes


def classes_of(name: str, plugin: type[Module]) -> list[type[ModuleSettings]]:
    package = package_of(plugin)
    path = f"{package}.settings"
    with as_wiring_error(f"The settings of {name} cannot be loaded", package):
        if not find_spec(path):
            return []
        members = [kind for _, kind in getmembers(import_module(path), isclass)]
    return [
        kind for kind in members if issubclass(kind, ModuleSettings) and kind.__module__ == path
    ]


def instance_of(name: str, kind: type[S]) -> S:
    with as_wiring_error(f"The settings of {name} cannot be read", kind.__module__):
        return kind()


def check_all_names() -> None:
    """Raise SettingsError for an unknown name.

    Settings of modules that MODULES leaves out are known, too, if the modules can be loaded.
    """
    by_module: dict[str, list[type[ModuleSettings]]] = {}
    for name, plugin in load_modules().plugins.items():
        with suppress(WiringError):
            by_module[name] = classes_of(name, plugin)
    classes = [kind for kinds in by_module.values() for kind in kinds]
    check_names([Settings, *classes], [f"{name.upper()}_" for name in by_module])


@dataclass
class SettingsReport:
    """Every setting that can be read, and a sentence for each wrong one."""

    rows: list[SettingSource] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def tell(self, finding: object) -> None:
        if str(finding) not in self.findings:
            self.findings.append(str(finding))

    def add(self, kind: type[S], read: Callable[[], S]) -> S | None:
        """Read settings, and go on without wrong values. Return None if none can be read."""
        try:
            settings, wrong = read(), frozenset[str]()
        except WiringError as error:
            self.tell(error)
            return None
        except SettingsError as error:
            self.tell(error)
            try:
                settings, wrong = kind.read_without(error.names), error.names
            except SettingsError:
                return None
        rows = sources([settings])
        self.rows += [replace(row, value=WRONG) if row.name in wrong else row for row in rows]
        return settings

    def add_module(self, name: str, plugin: type[Module]) -> None:
        try:
            classes = classes_of(name, plugin)
        except WiringError as error:
            self.tell(error)
            return
        for kind in classes:
            self.add(kind, partial(instance_of, name, kind))


def report_settings() -> SettingsReport:
    """Read every setting, and go on after wrong ones; secrets are hidden."""
    report = SettingsReport()
    settings = report.add(Settings, load_settings)
    plugins, failures = modules_that_load(settings)
    for failure in failures:
        report.tell(failure)
    for name, plugin in plugins.items():
        report.add_module(name, plugin)
    try:
        check_all_names()
    except (SettingsError, WiringError) as error:
        report.tell(error)
    return report


@dataclass(frozen=True)
class Usable:
    """The settings and modules that can be used, and a sentence for each failure."""

    settings: Settings
    plugins: dict[str, type[Module]]
    failures: list[str]


def usable_modules() -> Usable:
    """Return the modules that load. Use the defaults if a setting is wrong; write no file."""
    failures: list[str] = []
    try:
        settings = Settings()
    except SettingsError as error:
        settings = Settings.read({})
        failures.append(str(error))
    plugins, unloadable = modules_that_load(settings)
    usable = Usable(settings, {}, [*failures, *unloadable])
    for name, plugin in plugins.items():
        try:
            classes_of(name, plugin)
            usable.plugins[name] = plugin
        except WiringError as error:
            usable.failures.append(str(error))
    return usable


def modules_that_load(
    settings: Settings | None,
) -> tuple[dict[str, type[Module]], list[str]]:
    """Return the modules that load, and a sentence for each other one or wrong name in MODULES."""
    try:
        loaded = load_modules(settings.modules if settings else None)
    except WiringError as error:
        return {}, [str(error)]
    return loaded.plugins, [str(failure) for failure in loaded.failures.values()]
