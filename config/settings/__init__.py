"""Settings, which are read and checked once at the start of the process, and then frozen."""

from config.settings.base import ModuleSettings
from config.settings.errors import SettingsError
from config.settings.loading import load_settings
from config.settings.names import check_names, unknown_names
from config.settings.platform import Settings
from config.settings.rates import OneRate, Rate, Rates
from config.settings.table import (
    SettingRow,
    SettingSource,
    settings_table,
    sources,
)
from config.settings.values import CommaSeparated, not_built_yet, unbuilt

__all__ = [
    "CommaSeparated",
    "ModuleSettings",
    "OneRate",
    "Rate",
    "Rates",
    "SettingRow",
    "SettingSource",
    "Settings",
    "SettingsError",
    "check_names",
    "load_settings",
    "not_built_yet",
    "settings_table",
    "sources",
    "unbuilt",
    "unknown_names",
]
