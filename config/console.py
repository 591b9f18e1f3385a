"""Log lines for a terminal: a coloured line for each event, with its traceback below."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypedDict, cast

# C0 and C1 controls, DEL, line and paragraph separators, direction controls, lone surrogates.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
COLOURS = {"debug": "36", "info": "32", "warning": "33", "error": "31", "critical": "31;1"}
LoggedEvent = Mapping[str, object]


class Frame(TypedDict):
    filename: str
    lineno: int
    name: str


class Stack(TypedDict):
    """An error of a traceback, as structlog's `ExceptionDictTransformer` returns it."""

    frames: list[Frame]
    exc_type: str
    exc_value: str


def encoded(text: str) -> str:
    """Return the text on one line, with escapes for characters that control a terminal."""
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def console_renderer(coloured: bool) -> Callable[[object, str, LoggedEvent], bytes]:
    paint = painted if coloured else plain

    def render(_: object, __: str, event: LoggedEvent) -> bytes:
        rest = {**event}
        time, level = rest.pop("time", ""), str(rest.pop("level", ""))
        text = encoded(str(rest.pop("event", "")))
        traceback = cast("Iterable[Stack]", rest.pop("exception", ()))
        fields = [f"{paint(encoded(name), '36')}={quoted(value)}" for name, value in rest.items()]
        mark = paint(f"{level:<8}", COLOURS.get(level, "0"))
        first = " ".join([paint(str(time), "2"), mark, paint(text, "1"), *fields])
        return "\n".join([first, *lines_of(traceback)]).encode()

    return render


def painted(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"


def plain(text: str, _: str) -> str:
    return text


def quoted(value: object) -> str:
    """Return the value as text, quoted if it could be read as more than one field."""
    text = value if isinstance(value, str) else repr(value)
    quoted = isinstance(value, str) and (not text or not set(text).isdisjoint(" =\"'"))
    return encoded(repr(text) if quoted else text)


def lines_of(traceback: Iterable[Stack]) -> list[str]:
    """Return the lines of a structured traceback: the frames of each error, then its message."""
    lines = []
    for stack in traceback:
        for frame in stack["frames"]:
            lines.append(f"    {frame['filename']}:{frame['lineno']} in {frame['name']}")
        lines.append(f"  {stack['exc_type']}: {stack['exc_value']}")
    return [encoded(line) for line in lines]
