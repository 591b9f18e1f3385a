"""The settings of the platform and of every installed module, checked as one."""

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
from core.kernel.loading import told_in_a_sentence
from core.wiring.registry import AnyModule, discover, load_modules, package_of

S = TypeVar("S", bound=ModuleSettings)

WRONG = "(wrong)"


def checked_settings() -> Settings:
    """Raises SettingsError for a value that is wrong or unsafe, and for a name that is none.

    Raises WiringError where a module, or its settings, cannot be loaded.
    """
    settings = load_settings()
    modules = discover(settings.modules)
    classes = {name: classes_of(name, plugin) for name, plugin in modules.items()}
    check_all_names()
    for name, own in classes.items():
        for each in own:
            instance_of(name, each)
    return settings


def settings_classes(modules: Sequence[str] | None = None) -> list[type[ModuleSettings]]:
    """The platform's and those that these modules, or all, have in their `settings.py`."""
    found: list[type[ModuleSettings]] = [Settings]
    for name, plugin in discover(modules).items():
        found += classes_of(name, plugin)
    return found


def classes_of(name: str, plugin: type[AnyModule]) -> list[type[ModuleSettings]]:
    package = package_of(plugin)
    path = f"{package}.settings"
    with told_in_a_sentence(f"The settings of {name} cannot be loaded", package):
        if not find_spec(path):
            return []
        members = [each for _, each in getmembers(import_module(path), isclass)]
    return [
        each for each in members if issubclass(each, ModuleSettings) and each.__module__ == path
    ]


def instance_of(name: str, kind: type[S]) -> S:
    with told_in_a_sentence(f"The settings of {name} cannot be read", kind.__module__):
        return kind()


def check_all_names() -> None:
    """Those of modules that are left out are known, too, unless they cannot be loaded."""
    known: dict[str, list[type[ModuleSettings]]] = {}
    for name, plugin in load_modules().plugins.items():
        with suppress(WiringError):
            known[name] = classes_of(name, plugin)
    classes = [each for own in known.values() for each in own]
    check_names([Settings, *classes], [f"{name.upper()}_" for name in known])


@dataclass
class SettingsReport:
    """Every setting that can be read, and a sentence for each that is wrong."""

    rows: list[SettingSource] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def tell(self, finding: object) -> None:
        if str(finding) not in self.findings:
            self.findings.append(str(finding))

    def add(self, kind: type[S], read: Callable[[], S]) -> S | None:
        """Go on without the values that are wrong; None where nothing can be read."""
        try:
            found, wrong = read(), frozenset[str]()
        except WiringError as error:
            self.tell(error)
            return None
        except SettingsError as error:
            self.tell(error)
            try:
                found, wrong = kind.read_without(error.names), error.names
            except SettingsError:
                return None
        rows = sources([found])
        self.rows += [replace(row, value=WRONG) if row.name in wrong else row for row in rows]
        return found

    def add_module(self, name: str, plugin: type[AnyModule]) -> None:
        try:
            classes = classes_of(name, plugin)
        except WiringError as error:
            self.tell(error)
            return
        for each in classes:
            self.add(each, partial(instance_of, name, each))


def report_settings() -> SettingsReport:
    """Read every setting, and go on after what is wrong; secrets are hidden."""
    report = SettingsReport()
    settings = report.add(Settings, load_settings)
    found, failures = modules_that_load(settings)
    for failure in failures:
        report.tell(failure)
    for name, plugin in found.items():
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
    plugins: dict[str, type[AnyModule]]
    failures: list[str]


def usable_modules() -> Usable:
    """Return the modules that load. If a setting is wrong, use the defaults; write no file."""
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
) -> tuple[dict[str, type[AnyModule]], list[str]]:
    """Return also a sentence for each that does not, or for names that are wrong in MODULES."""
    try:
        found = load_modules(settings.modules if settings else None)
    except WiringError as error:
        return {}, [str(error)]
    return found.plugins, [str(each) for each in found.failures.values()]
