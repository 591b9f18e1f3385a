"""The settings of the platform and of every installed module, checked together."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TypeVar

from config.settings import (
    ModuleSettings,
    Settings,
    SettingsError,
    SettingSource,
    check_module_safety,
    check_names,
    load_settings,
    sources,
)
from core.kernel.contributions import WiringError
from core.kernel.loading import as_wiring_error
from core.wiring.module import Module
from core.wiring.registry import LoadedModules, load_all, load_modules

S = TypeVar("S", bound=ModuleSettings)

WRONG = "(wrong)"


def checked_settings() -> Settings:
    """Return the settings of the platform, after the settings of all modules have been checked.

    Raises SettingsError for a wrong or unsafe value, and for an unknown name.
    Raises WiringError if a module, or its settings, cannot be loaded.
    """
    settings = load_settings()
    modules = load_all(settings.modules)
    check_all_names()
    for name, kinds in modules.settings.items():
        for kind in kinds:
            instance_of(name, kind, settings)
    return settings


def instance_of(name: str, kind: type[S], platform: Settings | None) -> S:
    """Read the settings of a module. Raises SettingsError for an unsafe value, too."""
    with as_wiring_error(f"The settings of {name} cannot be read", kind.__module__):
        settings = kind()
        if platform:
            check_module_safety(settings, platform)
        return settings


def check_all_names() -> None:
    """Raise SettingsError for an unknown name.

    Settings of modules that MODULES leaves out are known, too, if the modules can be loaded.
    """
    by_module = load_modules().settings
    check_names([Settings, *chain(*by_module.values())], [f"{name.upper()}_" for name in by_module])


@dataclass
class SettingsReport:
    """Every setting that can be read, and a sentence for each wrong one."""

    rows: list[SettingSource] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def add_finding(self, finding: object) -> None:
        if str(finding) not in self.findings:
            self.findings.append(str(finding))

    def add(self, kind: type[S], read: Callable[[], S]) -> S | None:
        """Read settings, and go on without wrong values. Return None if none can be read."""
        try:
            settings, wrong = read(), frozenset[str]()
        except WiringError as error:
            self.add_finding(error)
            return None
        except SettingsError as error:
            self.add_finding(error)
            try:
                settings, wrong = kind.read_without(error.names), error.names
            except SettingsError:
                return None
        rows = sources([settings])
        self.rows += [replace(row, value=WRONG) if row.name in wrong else row for row in rows]
        return settings


def report_settings() -> SettingsReport:
    """Read every setting, and go on after wrong ones; secrets are hidden."""
    report = SettingsReport()
    platform = report.add(Settings, load_settings)
    modules = modules_that_load(platform)
    for failure in modules.failures.values():
        report.add_finding(failure)
    for name, kinds in modules.settings.items():
        for kind in kinds:
            report.add(kind, partial(instance_of, name, kind, platform))
    try:
        check_all_names()
    except (SettingsError, WiringError) as error:
        report.add_finding(error)
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
    modules = modules_that_load(settings)
    return Usable(settings, modules.plugins, [*failures, *map(str, modules.failures.values())])


def modules_that_load(settings: Settings | None) -> LoadedModules:
    """Return the modules that load, and the failure of each other one, or of MODULES."""
    try:
        return load_modules(settings.modules if settings else None)
    except WiringError as error:
        return LoadedModules({}, {}, {"MODULES": error})
