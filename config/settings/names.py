"""The check for unknown names of settings, which are mostly typing errors."""

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from config.settings.base import ModuleSettings
from config.settings.environment import EnvFile, read_env_file
from config.settings.errors import SettingsError

Classes = Iterable[type[ModuleSettings]]


def check_names(
    classes: Classes,
    module_prefixes: Iterable[str],
    environ: Mapping[str, str] = os.environ,
    env_file: EnvFile = ".env",
) -> None:
    """Raise SettingsError for the first name that no class has."""
    for unknown in unknown_names(environ, read_env_file(env_file), classes, module_prefixes):
        raise SettingsError(unknown)


def unknown_names(
    environ: Iterable[str],
    env_file_names: Iterable[str],
    classes: Classes,
    module_prefixes: Iterable[str],
) -> list[str]:
    """Return a sentence for each unknown name.

    All names of the file are checked, and those in the environment that begin with a module's
    prefix: other variables belong to other programs.
    """
    setting_names = {name for settings in classes for name in settings.names().values()}
    prefixes = tuple(module_prefixes)
    checked = {name for name in environ if name.startswith(prefixes)} | set(env_file_names)
    return [unknown_name(name, setting_names) for name in sorted(checked - setting_names)]


def unknown_name(name: str, setting_names: set[str]) -> str:
    shown = name if name.isprintable() else ascii(name)
    nearest = get_close_matches(name.upper(), sorted(setting_names), n=1, cutoff=0)
    return f"{shown} is not a setting; the nearest is {nearest[0]}."
