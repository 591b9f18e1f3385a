"""Redaction of log lines: secrets by their name, credentials and query strings in text.

ASVS 16.2.5. Values become plain data. An object with fields becomes the name of its class, because
its text may contain secrets.
"""

import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import lru_cache

from msgspec import Struct
from pydantic import BaseModel

REDACTED = "…"
MAX_TEXT_LENGTH = 8192
MAX_DEPTH = 8

ALWAYS_SECRET = (
    *("authorization", "cookie", "credential", "dsn", "jwt", "passphrase", "passwd", "password"),
    *("pwd", "secret"),
)
SECRET_AT_THE_END = ("apikey", "assertion", "code", "key", "otp", "pin", "signature", "token")
NO_SECRET = ("country_code", "error_code", "exit_code", "problem_code", "sort_key", "status_code")
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
SUSPECT = re.compile(r"[?@\[]|eyJ|input_value|DETAIL|(?i:bearer|basic)")
JWT = re.compile(r"(?<![\w-])(?=[\w-]*+\.[\w-]++\.)([\w-]*?\b)eyJ[\w-]+\.[\w-]+\.[\w-]*")
"""A JSON web token. The lookahead is tried once per run of its characters, in linear time."""
UNFIT = (  # credentials, query strings, and the values in errors of pydantic and the database
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 " + REDACTED),
    (JWT, r"\1" + REDACTED),
    (re.compile(r"://[^\s/]+@"), f"://{REDACTED}@"),
    (re.compile(r"\?[^\s?=&]+=[^\s\"']*"), f"?{REDACTED}"),
    (re.compile(r"input_value=.*?(?=, input_type=|\Z)", re.DOTALL), f"input_value={REDACTED}"),
    (re.compile(r"\[parameters: [^\n]*"), f"[parameters: {REDACTED}]"),
    (re.compile(r"(?m)(DETAIL:\s+).*$"), r"\1" + REDACTED),
)


def redacted(value: object, depth: int = 0) -> object:
    """Return the value as plain data without secrets."""
    match value:
        case str():
            return redacted_text(value)
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case None | bool() | int() | float():
            return value
        case Mapping() if depth < MAX_DEPTH:
            return {redacted(str(key)): entry(key, item, depth) for key, item in value.items()}
        case [str() | bytes() as key, item] if depth < MAX_DEPTH:  # a header field
            return [redacted(key), entry(key, item, depth)]
        case list() | tuple() | set() | frozenset() if depth < MAX_DEPTH:
            return [redacted(item, depth + 1) for item in value]
        case bytes() | bytearray():
            return redacted_text(value.decode("utf-8", "backslashreplace"))
        case BaseModel() | Struct() | Mapping() | list() | tuple() | set() | frozenset():
            return f"<{type(value).__name__}>"
        case _:
            return redacted_object(value)


def entry(key: object, value: object, depth: int) -> object:
    name = key.decode("latin-1") if isinstance(key, bytes) else str(key)
    return REDACTED if is_secret(name) else redacted(value, depth + 1)


def redacted_object(value: object) -> str:
    """Return the text of an id, a time, a path or an error; else the name of the class."""
    kind = type(value)
    speaks = any("__str__" in vars(base) for base in kind.__mro__[:-1])
    if not speaks or is_dataclass(value):
        return f"<{kind.__name__}>"
    try:
        return redacted_text(str(value))
    except Exception:
        return f"<{kind.__name__}>"


@lru_cache(4096)
def is_secret(name: str) -> bool:
    """Return whether a field of this name is secret.

    Examples: `password`, `new_password`, `X-API-Key`, `recoveryCodes`; not `key_id`, `request_id`.
    """
    words = [word.lower() for word in WORDS.findall(name)]
    if not words or "_".join(words) in NO_SECRET:
        return False
    whole, last = "".join(words), words[-1].removesuffix("s")
    return last in SECRET_AT_THE_END or any(part in whole for part in ALWAYS_SECRET)


def redacted_text(text: str) -> str:
    if len(text) > MAX_TEXT_LENGTH:
        text = text[:MAX_TEXT_LENGTH] + REDACTED
    if SUSPECT.search(text):
        for pattern, instead in UNFIT:
            text = pattern.sub(instead, text)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
