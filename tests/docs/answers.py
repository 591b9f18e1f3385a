"""Compares a response with the one on a page, except for values that differ each time."""

import json
import re
from typing import Any

CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "REQUEST"),
    (re.compile(r'"[0-9a-f]{8}\.\d+"'), '"ROW"'),
    (re.compile(r'"[0-9a-f]{24}"'), '"CONTENT"'),
    (re.compile(r";r=\d+;t=\d+"), ";r=LEFT;t=SECONDS"),
)
ANYTHING = "…"


def differs(language: str, shown: str, got: str) -> str | None:
    """Return the first difference as a sentence, or None."""
    match language:
        case "json":
            return of_json(json.loads(shown), read_json(got))
        case "http":
            return of_http(shown, got)
        case _:
            return of_text(shown.strip(), got.strip())


def of_text(shown: str, got: str) -> str | None:
    pattern = ".*?".join(map(re.escape, masked(shown).split(ANYTHING)))
    if re.fullmatch(pattern, masked(got), re.DOTALL):
        return None
    return f"shown {shown!r}, got {got!r}"


def of_http(shown: str, got: str) -> str | None:
    wanted, body = read_http(shown)
    found, content = read_http(got)
    if wanted.pop("") != found.pop("", None):
        return f"another status: {got[:400]!r}"
    for name, value in wanted.items():
        if name not in found:
            return f"no {name} in {sorted(found)}"
        if difference := of_text(value, found[name]):
            return f"{name}: {difference}"
    return of_json(json.loads(body), read_json(content)) if body else None


def of_json(shown: Any, got: Any, at: str = "$") -> str | None:
    """Return the first difference; `"…"` is any value, or further members of a collection."""
    if shown == ANYTHING:
        return None
    if isinstance(shown, dict) and isinstance(got, dict):
        return of_objects(shown, got, at)
    if isinstance(shown, list) and isinstance(got, list):
        return of_lists(shown, got, at)
    if isinstance(shown, str) and isinstance(got, str):
        difference = of_text(shown, got)
        return difference and f"{at}: {difference}"
    same = type(shown) is type(got) and shown == got
    return None if same else f"{at}: shown {shown!r}, got {got!r}"


def of_objects(shown: dict[str, Any], got: dict[str, Any], at: str) -> str | None:
    wanted = {name: value for name, value in shown.items() if name != ANYTHING}
    open_ended = ANYTHING in shown
    if not (wanted.keys() <= got.keys() if open_ended else wanted.keys() == got.keys()):
        return f"{at}: shown {sorted(wanted)}, got {sorted(got)}"
    differences = (of_json(value, got[name], f"{at}.{name}") for name, value in wanted.items())
    return next(filter(None, differences), None)


def of_lists(shown: list[Any], got: list[Any], at: str) -> str | None:
    open_ended = shown[-1:] == [ANYTHING]
    wanted = shown[:-1] if open_ended else shown
    if len(got) < len(wanted) if open_ended else len(got) != len(wanted):
        return f"{at}: shown {len(wanted)} items, got {len(got)}"
    differences = (of_json(*pair, f"{at}[]") for pair in zip(wanted, got, strict=False))
    return next(filter(None, differences), None)


def read_http(text: str) -> tuple[dict[str, str], str]:
    """Return the header fields by name, the status under "", and the body of the last response."""
    last = text.replace("\r\n", "\n")
    last = last[max(0, last.rfind("HTTP/1.1 ")) :]
    head, _, body = last.strip().partition("\n\n")
    status, *lines = head.split("\n")
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    return {"": status.strip()} | {name.lower(): it for name, it in fields.items()}, body


def read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return f"no JSON: {text[:400]}"


def masked(text: str) -> str:
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return text
