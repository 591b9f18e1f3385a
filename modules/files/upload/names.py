"""The names of files: each form in which HTTP clients write one, and the rules for a kept name.

Browsers write UTF-8 in `filename`; .NET, Spring and old releases of urllib3 write `filename*`
(RFC 8187) or encoded words (RFC 2047). A name is shown and sent back; no path is ever made from it.
"""

import re
from base64 import b64decode
from urllib.parse import unquote_to_bytes

from pydantic_core import PydanticCustomError

from core.kit import Line
from modules.files.errors import NameInvalid

MAX_NAME_BYTES = 255
NAME = Line(1, 150)
SEPARATORS = re.compile(r"[/\\]")
RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])\s*(\.|$)", re.I)
EXTENDED = re.compile(r"utf-8'[\w-]*'((?:[\w!#$&+.^`|~-]|%[0-9a-f]{2})+)", re.IGNORECASE | re.ASCII)
ENCODED_WORD = re.compile(r"=\?utf-8(?:\*[\w-]+)?\?([bq])\?([!->@-~]*)\?=", re.IGNORECASE)


def tidy_name(given: str) -> str:
    """Return the name trimmed, in NFC, with a `_` if Windows reserves it. Raises NameInvalid."""
    try:
        name = NAME(given)
    except PydanticCustomError as error:
        raise NameInvalid(error.message_template, **(error.context or {})) from None
    if SEPARATORS.search(name):
        raise NameInvalid("Send the name without folders.")
    if not name.strip(".") or name.endswith("."):
        raise NameInvalid("A name must not end in a dot.")
    if RESERVED.match(name):
        name = f"_{name}"
    if len(name) > NAME.longest or len(name.encode()) > MAX_NAME_BYTES:
        limits = {"max": NAME.longest, "bytes": MAX_NAME_BYTES}
        raise NameInvalid("A name has at most {max} characters and {bytes} bytes.", **limits)
    return name


def extension_of(name: str) -> str:
    """Return `.png`, in lower case, or an empty text without one, as for `.profile`."""
    stem, dot, extension = name.rpartition(".")
    return f".{extension.lower()}" if stem and dot else ""


def last_part(plain: str | None, extended: str | None) -> str | None:
    """Return the last part of the path in `filename` or `filename*`; None without both.

    `filename*` comes before `filename`, as in RFC 6266. Raises NameInvalid.
    """
    if extended is not None:
        name = decoded_extended(extended)
    elif plain is not None:
        name = decoded_words(plain)
    else:
        return None
    return SEPARATORS.split(name)[-1]


def decoded_extended(value: str) -> str:
    if not (match := EXTENDED.fullmatch(value)):
        raise NameInvalid("Send filename* as UTF-8''name, percent-encoded.")
    return decoded(unquote_to_bytes(match[1]))


def decoded_words(name: str) -> str:
    """Decode encoded words that are the whole name; any other name stays as it is.

    A word has at most 75 characters, so mail libraries write a long name in several words. They are
    joined before they are decoded, because some libraries split a character between two words.
    """
    words = ENCODED_WORD.findall(name)
    if not words or ENCODED_WORD.sub("", name).strip():
        return name
    return decoded(b"".join(content_of(*word) for word in words))


def content_of(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        return unquote_to_bytes(text.replace("_", " ").replace("%", "%25").replace("=", "%"))
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise NameInvalid("The encoded word in the name is not base64.") from None


def decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise NameInvalid("Send the name in UTF-8.") from None
