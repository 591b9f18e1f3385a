"""What every class of settings is: frozen, and read from the environment by exact names."""

import os
from collections.abc import Collection, Mapping
from typing import Any, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.settings.environment import EnvFile, given
from config.settings.errors import SettingsError, sentence, wrong_names


class ModuleSettings(BaseSettings):
    """The settings of one module: subclass it with `env_prefix="FILES_"` and describe each field.

    The field `max_bytes` is then `FILES_MAX_BYTES` in the environment or `.env`. A validator raises
    ValueError with what follows the name in the sentence: "must be …".
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )

    def __init__(
        self,
        _environ: Mapping[str, str] | None = None,
        _env_file: EnvFile = ".env",
        **values: Any,
    ) -> None:
        """`values` win over the environment, and that over the file."""
        cls, found = type(self), given(os.environ if _environ is None else _environ, _env_file)
        names = cls.names()
        read = {field: found[name] for field, name in names.items() if name in found}
        try:
            super().__init__(**{**read, **values})
        except ValidationError as error:
            told = sentence(cls, names, error)
            raise SettingsError(told, wrong_names(names, error)) from None

    @classmethod
    def read(cls, environ: Mapping[str, str], env_file: EnvFile = None) -> Self:
        """From here instead of the process's own environment."""
        where: dict[str, Any] = {"_environ": environ, "_env_file": env_file}
        return cls(**where)

    @classmethod
    def read_without(cls, names: Collection[str]) -> Self:
        """Read the environment and `.env` as if these names were not set."""
        found = given(os.environ, ".env")
        return cls.read({name: found[name] for name in found if name not in names})

    @classmethod
    def names(cls) -> dict[str, str]:
        """Each field's name in the environment."""
        prefix = cls.model_config["env_prefix"]
        return {field: f"{prefix}{field}".upper() for field in cls.model_fields}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `__init__` read: the library's own sources would take `host` for `HOST`."""
        return (init_settings,)
