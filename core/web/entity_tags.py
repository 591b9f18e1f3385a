"""The entity tags that a client lists in its conditions (RFC 9110, sections 8.8.3 and 13.1).

A proxy that compresses changes the tag on its way out: nginx writes `W/"abc"`, Caddy `"abc-gzip"`.
A client sends back what it received, so each of these is read as the tag that the service had sent.
"""

import re

from core.kernel.errors import FieldError, InvalidInput

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
EACH = re.compile(TAG)
TAG_LIST = re.compile(rf"[ \t,]*{TAG}(?:[ \t]*,[ \t,]*{TAG})*[ \t,]*")
CODED = re.compile(r'-(?:gzip|br|zstd)"$')


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
