"""Settings, which are read and checked once at the start of the process, and then frozen."""

from config.settings.base import ModuleSettings
from config.settings.errors import SettingsError
from config.settings.loading import load_settings
from config.settings.names import check_names, unknown_names
from config.settings.platform import Settings
from config.settings.rates import OneRate, Rate
from config.settings.safety import check_module_safety
from config.settings.table import SettingSource, default_of, sources
from config.settings.values import CommaSeparated, matching, not_built_yet, secret, unbuilt

__all__ = [
    "CommaSeparated",
    "ModuleSettings",
    "OneRate",
    "Rate",
    "SettingSource",
    "Settings",
    "SettingsError",
    "check_module_safety",
    "check_names",
    "default_of",
    "load_settings",
    "matching",
    "not_built_yet",
    "secret",
    "sources",
    "unbuilt",
    "unknown_names",
]
