"""Names that look like settings and are none: mostly a slip of the pen."""

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
    environ: Mapping[str, str] | None = None,
    env_file: EnvFile = ".env",
) -> None:
    """SettingsError for the first name that no class has."""
    environ = os.environ if environ is None else environ
    for unknown in unknown_names(environ, read_env_file(env_file), classes, module_prefixes):
        raise SettingsError(unknown)


def unknown_names(
    environ: Iterable[str],
    env_file_names: Iterable[str],
    classes: Classes,
    module_prefixes: Iterable[str],
) -> list[str]:
    """A sentence for each: of the file any name, of the environment those that begin as a module's.

    Other programs' variables are none of our business.
    """
    known = {name for each in classes for name in each.names().values()}
    prefixes = tuple(module_prefixes)
    ours = {name for name in environ if name.startswith(prefixes)} | set(env_file_names)
    return [unknown_name(name, known) for name in sorted(ours - known)]


def unknown_name(name: str, known: set[str]) -> str:
    shown = name if name.isprintable() else ascii(name)
    nearest = get_close_matches(name.upper(), sorted(known), n=1, cutoff=0)
    return f"{shown} is no setting; the nearest is {nearest[0]}."
