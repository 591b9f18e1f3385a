"""The rules for file names. A name is shown and sent back; no path is ever made from it."""

import re

from pydantic_core import PydanticCustomError

from core.kit import Line
from modules.files.errors import NameInvalid

MAX_NAME_BYTES = 255
NAME = Line(1, 150)
SEPARATORS = re.compile(r"[/\\]")
RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])\s*(\.|$)", re.I)


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
