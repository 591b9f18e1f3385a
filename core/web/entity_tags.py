"""Entity tags (RFC 9110, 8.8.3 and 13.1): those of responses, and those that a client lists.

A proxy that compresses changes the tag on its way out: nginx writes `W/"abc"`, Caddy `"abc-gzip"`.
A client sends back what it received, so each of these is read as the tag that the service had sent.
"""

import re
from functools import partial
from hashlib import sha256
from uuid import UUID
from zlib import crc32

from core.kernel.errors import FieldError, InvalidInput
from core.kernel.preconditions import ANY_VERSION, IfMatch
from core.web.context import http_context

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
EACH = re.compile(TAG)
TAG_LIST = re.compile(rf"[ \t,]*{TAG}(?:[ \t]*,[ \t,]*{TAG})*[ \t,]*")
CODED = re.compile(r'-(?:gzip|br|zstd)"$')


def if_match() -> IfMatch:
    """Return the conditions of the request. Raises InvalidInput for malformed entity tags."""
    context = http_context()
    header, unless = context.headers.get(b"if-match"), context.headers.get(b"if-none-match")
    if header is None and unless is None:
        return ANY_VERSION
    tags = None if header is None else listed_tags(header)
    return IfMatch(tags, partial(row_tag, context.scope["path"]), weakly_listed(unless or b""))


def row_tag(path: str, row_id: UUID, version: int) -> str:
    """Return a strong ETag that is valid for this path only."""
    return f'"{crc32(path.encode(), crc32(row_id.bytes)):08x}.{version}"'


def content_tag(content: bytes) -> str:
    """Return the ETag of a body that is not made of one row."""
    return f'"{sha256(content).hexdigest()[:24]}"'


def matches(listed: bytes, tag: bytes) -> bool:
    """Return whether `If-None-Match` lists this tag, by weak comparison (RFC 9110, 13.1.2)."""
    return listed in (tag, b"*") or tag.decode() in weakly_listed(listed)


def listed_tags(if_match: bytes) -> frozenset[str] | None:
    """Return the tags as the service had sent them; None for `*`. Raises InvalidInput."""
    text = if_match.decode("latin-1").strip(" \t")
    if text == "*":
        return None
    if not TAG_LIST.fullmatch(text):
        message = 'Send * or ETags as they were received, in quotes: "5d41402a.1".'
        raise InvalidInput([FieldError("header.If-Match", message, "entity_tag")])
    return frozenset(map(as_sent, EACH.findall(text)))


def weakly_listed(if_none_match: bytes) -> frozenset[str]:
    """Return the tags as the service had sent them, and `*` unchanged; other text never matches."""
    text = if_none_match.decode("latin-1")
    return frozenset(as_sent(tag.strip()) for tag in text.split(","))


def as_sent(tag: str) -> str:
    """Return the tag without what a compressing proxy added: `W/"abc"` and `"abc-br"` are `"abc"`.

    No tag of the service is weak, and none ends in the name of a content coding.
    """
    return CODED.sub('"', tag.removeprefix("W/"))
