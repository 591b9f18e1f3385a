"""The ranges of a file that a client requests (RFC 9110, section 14).

An invalid header is ignored, and the whole file is sent. The same holds for more than eight
ranges, which only cost time (CVE-2025-62727).
"""

import re

from modules.files.errors import RangeNotSatisfiable

MAX_RANGES = 8
UNIT = re.compile(r"bytes[ \t]*=(.*)", re.IGNORECASE)
RANGE = re.compile(r"([0-9]*)-([0-9]*)")


def ranges_in(header: str, size: int) -> list[range] | None:
    """Return sorted, separate ranges, or None for the whole. Raises RangeNotSatisfiable."""
    if header.count(",") > 2 * MAX_RANGES or not (match := UNIT.fullmatch(header)):
        return None
    texts = [text for part in match[1].split(",") if (text := part.strip(" \t"))]
    ranges = [range_of(text, size) for text in texts]
    if not ranges or len(ranges) > MAX_RANGES or None in ranges:
        return None
    satisfiable = [part for part in ranges if part]
    if not size:
        return None  # an empty file has no range to send, so all of it is sent
    if not satisfiable:
        raise RangeNotSatisfiable(size)
    return coalesced(satisfiable)


def range_of(text: str, size: int) -> range | None:
    """Return a range, empty if the file ends before it, or None for any other text."""
    if not (match := RANGE.fullmatch(text)) or text == "-":
        return None
    first, last = number(match[1]), number(match[2])
    if first is None:
        return range(max(0, size - (last or 0)), size)
    if last is None:
        return range(first, size)
    return range(first, min(last + 1, size)) if first <= last else None


def number(digits: str) -> int | None:
    """Return the number, None without digits, or 10**18 for a huge one: int() would be slow."""
    significant = digits.lstrip("0")
    if len(significant) > 18:
        return 10**18
    return int(significant or "0") if digits else None


def coalesced(ranges: list[range]) -> list[range]:
    """Return the ranges sorted; those that overlap or touch become one."""
    first, *rest = sorted(ranges, key=lambda part: part.start)
    merged = [first]
    for part in rest:
        last = merged[-1]
        if part.start <= last.stop:
            merged[-1] = range(last.start, max(last.stop, part.stop))
        else:
            merged.append(part)
    return merged
