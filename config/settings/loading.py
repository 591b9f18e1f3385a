"""Loading of the platform's settings at the start of a process."""

import os
from collections.abc import Mapping

from pydantic import SecretStr

from config.settings.environment import EnvFile
from config.settings.platform import Settings
from config.settings.safety import check_safety
from config.settings.secret_key import kept_secret_key


def load_settings(environ: Mapping[str, str] = os.environ, env_file: EnvFile = ".env") -> Settings:
    """Return the settings, with the stored secret key if SECRET_KEY is not set.

    Raises SettingsError for a wrong or unsafe setting.
    """
    settings = Settings.read(environ, env_file)
    check_safety(settings, environ)
    if "secret_key" in settings.model_fields_set:
        return settings
    kept = SecretStr(kept_secret_key(settings.data_dir))
    return settings.model_copy(update={"secret_key": kept})
