"""Checks for unsafe settings, although each value by itself is valid."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from config.settings.base import ModuleSettings
from config.settings.defaults import is_loopback
from config.settings.errors import SettingsError
from config.settings.platform import Settings
from config.settings.secret_key import is_sample, is_weak

DEBUG_SWITCHES = ("DEBUG", "LITESTAR_DEBUG", "LITESTAR_PDB")


def check_safety(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise SettingsError for the first unsafe setting.

    `environ` may also contain debug switches of libraries, which production refuses.
    """
    rules = in_production(settings, environ) if settings.is_production else elsewhere(settings)
    for refusal in rules:
        raise SettingsError(refusal)


def check_module_safety(settings: ModuleSettings, platform: Settings) -> None:
    """Raise SettingsError for the first value of a module that production refuses."""
    if platform.is_production:
        for refusal in (*sample_secrets(settings), *settings.unsafe_in_production()):
            raise SettingsError(refusal)


def elsewhere(settings: Settings) -> Iterator[str]:
    if not is_loopback(settings.host) and not settings.allow_development_on_network:
        yield (
            "HOST must be a loopback address outside production,"
            " unless ALLOW_DEVELOPMENT_ON_NETWORK=true."
        )


def in_production(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    yield from sample_secrets(settings)
    yield from weak_secrets(settings)
    yield from unencrypted(settings)
    if not settings.rate_limit_enabled:
        yield "RATE_LIMIT_ENABLED must be true in production."
    if settings.log_level == "debug":
        yield "LOG_LEVEL must not be debug in production."
    for name in DEBUG_SWITCHES:
        if environ.get(name, "").strip().lower() in ("1", "true", "yes", "on"):
            yield f"{name} must not be set in production."


def sample_secrets(settings: ModuleSettings) -> Iterator[str]:
    for field, name in settings.names().items():
        value = getattr(settings, field)
        secrets = value if isinstance(value, tuple) else (value,)
        if any(isinstance(it, SecretStr) and is_sample(it.get_secret_value()) for it in secrets):
            yield f"{name} must be your own in production: this value is published in the guide."


def weak_secrets(settings: Settings) -> Iterator[str]:
    if "secret_key" not in settings.model_fields_set:
        yield "SECRET_KEY must be set in production to at least 32 random bytes."
    if is_weak(settings.secret_key.get_secret_value()):
        yield "SECRET_KEY must be random in production: this value is easily guessed."
    if any(is_weak(key.get_secret_value()) for key in settings.secret_key_previous):
        yield "SECRET_KEY_PREVIOUS must list random keys in production."


def unencrypted(settings: Settings) -> Iterator[str]:
    parts = urlsplit(settings.public_url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        yield "PUBLIC_URL must begin with https:// in production."
