"""The value and the source of each setting, for `atrium settings`."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.settings.base import ModuleSettings
from config.settings.environment import EnvFile, given, read_env_file

HIDDEN = "(hidden)"
Source = Literal["environment", ".env", "default"]


@dataclass(frozen=True)
class SettingSource:
    name: str
    value: str
    source: Source


def sources(
    loaded: Iterable[ModuleSettings],
    environ: Mapping[str, str] = os.environ,
    env_file: EnvFile = ".env",
) -> list[SettingSource]:
    """Return the value and the source of each setting; secrets are hidden."""
    set_in_environment, set_in_file = given(environ, None), read_env_file(env_file)
    rows = []
    for settings in loaded:
        for key, name in settings.names().items():
            source: Source = "default"
            if name in set_in_environment:
                source = "environment"
            elif set_in_file.get(name, "").strip():
                source = ".env"
            rows.append(SettingSource(name, value_of(settings, key), source))
    return rows


def value_of(settings: ModuleSettings, key: str) -> str:
    """Return the value as text; a default value as the documentation describes it."""
    field, value = type(settings).model_fields[key], getattr(settings, key)
    return default_of(field) if value == field.default else shown(value)


def default_of(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default" in extra:
        return str(extra["default"])
    return shown(field.default)


def shown(value: object) -> str:
    """Return the value as an operator would write it."""
    match value:
        case None | ():
            return "none"
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(shown, value))
        case SecretStr():
            return shown_secret(value.get_secret_value())
        case _:
            return str(value)


def shown_secret(text: str) -> str:
    """Return scheme, host and path of a URL; any other secret is hidden."""
    parts = urlsplit(text)
    if "://" not in text or not (parts.hostname or parts.path.strip("/")):
        return HIDDEN
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
