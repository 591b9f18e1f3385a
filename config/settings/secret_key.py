"""The secret key of a service without SECRET_KEY: made once, and stored in DATA_DIR."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_urlsafe

from config.settings.errors import SettingsError

FILE_NAME = "secret-key"
MIN_BYTES = 32
MIN_DIFFERENT_BYTES = 8
WELL_KNOWN = (
    *("changeme", "changethis", "default", "development", "example", "insecure", "password"),
    *("placeholder", "qwerty", "replaceme", "secret", "12345678"),
)
PLACEHOLDER = "replace-me"
PUBLISHED = (
    "Wm3vQ8rT1xZ6kL0pN4bY7cF2hJ9sD5gA",
    "Lq7xV2mB9tR4wK6z",
    "four random words again",
)
"""The secrets that an earlier edition of the guide showed."""


def kept_secret_key(data_dir: Path) -> str:
    """Return the stored key, or make it; processes that start at once get the same key."""
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_once(path)
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            "DATA_DIR must be a folder in which files can be created and read."
        ) from None
    if len(key) < MIN_BYTES:
        raise SettingsError(f"SECRET_KEY is damaged in {path}: restore that file or delete it.")
    return key


def make_once(path: Path) -> None:
    """Write a key to another file and link it to `path`, so that readers see a whole key."""
    aside = path.with_name(f"{FILE_NAME}.{token_urlsafe(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(token_urlsafe(48))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):  # another process was first
            os.link(aside, path)
    finally:
        aside.unlink()


def is_sample(secret: str) -> bool:
    """Return whether the guide published this secret, or the secret contains its placeholder."""
    return PLACEHOLDER in secret or secret in PUBLISHED


def is_weak(key: str) -> bool:
    """Return whether a key is easy to guess: repeated, of few characters, or with a common word."""
    plain = "".join(filter(str.isalnum, key.lower()))
    repeated = (key + key).find(key, 1) < len(key)
    return (
        repeated or len(set(key)) < MIN_DIFFERENT_BYTES or any(word in plain for word in WELL_KNOWN)
    )
