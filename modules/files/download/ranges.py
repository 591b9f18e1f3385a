"""Parts of a file that a client asks for (RFC 9110, section 14).

What is not understood is passed over, and the whole file is sent; so are more than eight ranges,
which only cost (CVE-2025-62727).
"""

import re

from modules.files.errors import RangeNotSatisfiable

MOST = 8
UNIT = re.compile(r"bytes[ \t]*=(.*)", re.IGNORECASE)
RANGE = re.compile(r"([0-9]*)-([0-9]*)")


def ranges_in(header: str, size: int) -> list[range] | None:
    """In order, and none touching another; None for the whole. Raises RangeNotSatisfiable."""
    if header.count(",") > 2 * MOST or not (found := UNIT.fullmatch(header)):
        return None
    written = [each for part in found[1].split(",") if (each := part.strip(" \t"))]
    asked = [range_of(each, size) for each in written]
    if not asked or len(asked) > MOST or None in asked:
        return None
    satisfiable = [each for each in asked if each]
    if not size:
        return None  # an empty file has no range to send, so all of it is sent
    if not satisfiable:
        raise RangeNotSatisfiable(size)
    return coalesced(satisfiable)


def range_of(text: str, size: int) -> range | None:
    """Empty when the file ends before it; None for what is no range."""
    if not (found := RANGE.fullmatch(text)) or text == "-":
        return None
    first, last = number(found[1]), number(found[2])
    if first is None:
        return range(max(0, size - (last or 0)), size)
    if last is None:
        return range(first, size)
    return range(first, min(last + 1, size)) if first <= last else None


def number(digits: str) -> int | None:
    """What has more digits than any size is larger than any size; int() would take its time."""
    significant = digits.lstrip("0")
    if len(significant) > 18:
        return 10**18
    return int(significant or "0") if digits else None


def coalesced(ranges: list[range]) -> list[range]:
    """Sorted once; those that overlap or touch become one."""
    first, *rest = sorted(ranges, key=lambda each: each.start)
    merged = [first]
    for each in rest:
        last = merged[-1]
        if each.start <= last.stop:
            merged[-1] = range(last.start, max(last.stop, each.stop))
        else:
            merged.append(each)
    return merged
