"""The base class of settings: frozen, and read from the environment by exact names."""

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.settings.environment import EnvFile, given
from config.settings.errors import SettingsError, sentence, wrong_names


class ModuleSettings(BaseSettings):
    """The settings of one module: subclass it with `env_prefix="FILES_"` and describe each field.

    The field `max_bytes` is then `FILES_MAX_BYTES` in the environment or `.env`. A validator raises
    ValueError with the text after the name: "must be …".
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )

    def __init__(
        self,
        _environ: Mapping[str, str] = os.environ,
        _env_file: EnvFile = ".env",
        **values: Any,  # Any: as the fields declare
    ) -> None:
        """Read the settings: `values` override the environment, which overrides the file."""
        cls, texts = type(self), given(_environ, _env_file)
        names = cls.names()
        read = {field: texts[name] for field, name in names.items() if name in texts}
        try:
            super().__init__(**{**read, **values})
        except ValidationError as error:
            text = sentence(cls, names, error)
            raise SettingsError(text, wrong_names(names, error)) from None

    @classmethod
    def read(cls, environ: Mapping[str, str], env_file: EnvFile = None) -> Self:
        """Return the settings of `environ` instead of the environment of the process."""
        return cls(_environ=environ, _env_file=env_file)

    @classmethod
    def read_without(cls, names: Collection[str]) -> Self:
        """Return the settings of the environment and `.env` as if these names were not set."""
        texts = given(os.environ, ".env")
        return cls.read({name: texts[name] for name in texts if name not in names})

    @classmethod
    def names(cls) -> dict[str, str]:
        """Return the name of each field in the environment."""
        prefix = cls.model_config["env_prefix"]
        return {field: f"{prefix}{field}".upper() for field in cls.model_fields}

    def unsafe_in_production(self) -> Iterator[str]:
        """Yield a sentence for each value that production refuses; a class may override this."""
        yield from ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return only the values of `__init__`; other sources would accept `host` for `HOST`."""
        return (init_settings,)
