"""The entity tags that a client lists in its conditions (RFC 9110, sections 8.8.3 and 13.1)."""

import re

from core.kernel.errors import FieldError, InvalidInput

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
EACH = re.compile(TAG)
LIST = re.compile(rf"[ \t,]*{TAG}(?:[ \t]*,[ \t,]*{TAG})*[ \t,]*")


def listed_tags(if_match: bytes) -> frozenset[str] | None:
    """None for `*`, whatever there is. Raises InvalidInput for what is neither."""
    text = if_match.decode("latin-1").strip(" \t")
    if text == "*":
        return None
    if not LIST.fullmatch(text):
        message = 'Send * or ETags as they were given, in quotes: "5d41402a.1".'
        raise InvalidInput([FieldError("header.If-Match", message, "entity_tag")])
    return frozenset(EACH.findall(text))


def weakly_listed(if_none_match: bytes) -> frozenset[str]:
    """`*` stays what it is; what is no tag matches none."""
    text = if_none_match.decode("latin-1")
    return frozenset(each.strip().removeprefix("W/") for each in text.split(","))
