"""Defaults that depend on other settings; each function gets the fields declared before."""

from collections.abc import Callable
from ipaddress import ip_address
from secrets import token_urlsafe
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr
from pydantic.config import JsonDict

from config.settings.urls import authority

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104
OWN_HOSTS = ("localhost", "127.0.0.1", "[::1]")
FRONT_ENDS = tuple(
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 8080)
)

T = TypeVar("T")
Fields = dict[str, Any]  # Any: each function knows the types of its fields


def derived(make: Callable[[Fields], T], shown: str, description: str) -> T:
    """Return a field with such a default, which the documentation describes as `shown`."""
    extra: JsonDict = {"default": shown}
    return Field(default_factory=make, description=description, json_schema_extra=extra)


def is_loopback(host: str) -> bool:
    """Return whether `host`, as in HOST or in a URL without brackets, is a loopback host."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def secret_key(_: Fields) -> SecretStr:
    """Return a key for this process alone; `load_settings` replaces it by the stored key."""
    return SecretStr(token_urlsafe(48))


def public_url(fields: Fields) -> str:
    host = "localhost" if fields["host"] in WILDCARDS else fields["host"]
    encrypted = fields["environment"] == "production" and not is_loopback(host)
    return f"{'https' if encrypted else 'http'}://{authority(host, fields['port'])}"


def database_url(fields: Fields) -> SecretStr:
    return SecretStr(f"sqlite:///{quote(str(fields['data_dir'] / 'atrium.db'))}")


def allowed_hosts(fields: Fields) -> tuple[str, ...]:
    public = authority(urlsplit(fields["public_url"]).hostname or "")
    own = OWN_HOSTS if fields["environment"] == "development" else ()
    return tuple(dict.fromkeys((public, *own)))


def cors_origins(fields: Fields) -> tuple[str, ...]:
    return FRONT_ENDS if fields["environment"] == "development" else ()


def log_format(fields: Fields) -> Literal["console", "json"]:
    return "console" if fields["environment"] == "development" else "json"
