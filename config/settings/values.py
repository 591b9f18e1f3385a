"""The other types of values, and functions with which modules declare their own."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

T = TypeVar("T")


def split_commas(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


CommaSeparated = Annotated[tuple[T, ...], BeforeValidator(split_commas)]


def matching(pattern: str, wanted: str) -> AfterValidator:
    """Return a validator: the whole text must match the pattern; `wanted` is the error."""
    shape = re.compile(pattern)

    def check(text: str) -> str:
        if not shape.fullmatch(text):
            raise ValueError(wanted)
        return text

    return AfterValidator(check)


def secret(good: Callable[[str], bool], wanted: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        if not good(value.get_secret_value()):
            raise ValueError(wanted)
        return value

    return AfterValidator(check)


def secret_url(good: Callable[[SplitResult], bool], wanted: str) -> AfterValidator:
    """Return a validator of a URL that may contain a password."""

    def check(text: str) -> bool:
        try:
            parts = urlsplit(text)
            return parts.port != 0 and good(parts)
        except ValueError:
            return False

    return secret(check, wanted)


def not_built_yet(instead: str) -> NoReturn:
    """Raise ValueError for a value whose feature does not exist yet; `instead` is the advice."""
    raise ValueError(f"requires a feature that does not exist yet: {instead}")


def unbuilt(instead: str) -> AfterValidator:
    """Refuse every value of a setting whose feature does not exist yet."""
    return AfterValidator(lambda _: not_built_yet(instead))


def is_database(url: SplitResult) -> bool:
    if url.scheme == "sqlite":
        return not url.netloc and url.path.strip("/") not in ("", ":memory:")
    somewhere = url.hostname or "host=" in url.query
    return url.scheme == "postgresql" and bool(somewhere and url.path.strip("/"))


def is_redis(url: SplitResult) -> bool:
    return bool(url.path if url.scheme == "unix" else url.hostname) and (
        url.scheme in ("redis", "rediss", "unix")
    )


def folder(path: Path) -> Path:
    if not str(path).isprintable():
        raise ValueError("must be the path of a folder")
    return path.expanduser().absolute()


def api_prefix(text: str) -> str:
    if not re.fullmatch(r"(/[a-z0-9][a-z0-9._-]*)+", text):
        raise ValueError("must be a path such as /api/v1, without a slash at the end")
    if text.split("/")[1] in ("account", "admin", "docs", "health", "metrics", "static"):
        raise ValueError("must not begin with /account, /admin, /docs, /health, /metrics, /static")
    return text


def in_lower_case(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


ApiPrefix = Annotated[str, AfterValidator(api_prefix)]
Folder = Annotated[Path, AfterValidator(folder)]
Level = Annotated[
    Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(in_lower_case)
]
HeaderName = Annotated[
    str,
    matching(
        r"(?!\*\Z)[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}",
        "must list names of header fields such as X-Tenant, without a wildcard",
    ),
]
ModuleName = Annotated[str, matching("[a-z][a-z0-9_]*", "must list names such as users,auth")]
SecretKey = Annotated[
    SecretStr,
    secret(
        lambda text: len(text.encode()) >= 32 and "," not in text,
        "must have at least 32 bytes and no comma",
    ),
]
DatabaseUrl = Annotated[
    SecretStr,
    secret_url(
        is_database, "must be sqlite:///path/to/file or postgresql://user:password@host/name"
    ),
]
RedisUrl = Annotated[
    SecretStr, secret_url(is_redis, "must be redis://host:port/0, rediss://… or unix:///path")
]
SmtpUrl = Annotated[SecretStr, unbuilt("leave it out; Atrium sends no mail yet")]
