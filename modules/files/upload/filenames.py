"""The file name of a part, in each form in which HTTP clients write one.

Browsers write UTF-8 in `filename`; .NET, Spring and old releases of urllib3 write `filename*`
(RFC 8187) or encoded words (RFC 2047). A name never decides where a file is stored.
"""

import re
from base64 import b64decode
from urllib.parse import unquote_to_bytes

from multipart import MultipartSegment

from modules.files.errors import NameInvalid
from modules.files.upload.headers import parameters_of

EXTENDED = re.compile(r"utf-8'[\w-]*'((?:[\w!#$&+.^`|~-]|%[0-9a-f]{2})+)", re.IGNORECASE | re.ASCII)
ENCODED_WORD = re.compile(r"=\?utf-8(?:\*[\w-]+)?\?([bq])\?([!->@-~]*)\?=", re.IGNORECASE)
SEPARATORS = re.compile(r"[/\\]")


def filename_of(part: MultipartSegment) -> str | None:
    """Return the last part of the path that the client named; None for a text field.

    `filename*` comes before `filename`, as in RFC 6266. Raises NameInvalid and MalformedUpload.
    """
    extended = parameters_of(part).get("filename*")
    if extended is None and part.filename is None:
        return None
    name = (
        decoded_extended(extended) if extended is not None else decoded_words(part.filename or "")
    )
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
    if encoding in "bB":
        return from_base64(text)
    return unquote_to_bytes(text.replace("_", " ").replace("%", "%25").replace("=", "%"))


def from_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise NameInvalid("The encoded word in the name is not base64.") from None


def decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise NameInvalid("Send the name in UTF-8.") from None
