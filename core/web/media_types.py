"""The check of `Content-Type`: its media type, and UTF-8 as its charset."""

from collections.abc import Collection
from re import compile as pattern

MAX_LENGTH = 500
PARAMETER = pattern(rb';[ \t]*([^\s;="]*)[ \t]*=?[ \t]*("[^"]*"|[^;"]*)')
SEPARATORS = b"-_"
UTF_8 = frozenset(
    {b"utf8", b"u8", b"csutf8", b"unicode11utf8", b"unicode20utf8", b"xunicode20utf8"}
)
"""The labels of UTF-8 (IANA and WHATWG), without their separators."""


def is_text_of(kinds: Collection[bytes], content_type: bytes) -> bool:
    """Return whether the media type is one of `kinds`, in UTF-8, which is the default charset."""
    kind, _, parameters = content_type[:MAX_LENGTH].lower().partition(b";")
    pairs = PARAMETER.findall(b";" + parameters)
    charsets = [value for name, value in pairs if name == b"charset"]
    return kind.strip() in kinds and all(map(is_utf_8, charsets))


def is_utf_8(label: bytes) -> bool:
    return label.strip(b'" \t').translate(None, SEPARATORS) in UTF_8
