"""The name of a device, derived from `User-Agent`."""

import re

MAX_DEVICE_LENGTH = 100
BROWSERS = (
    ("Edge", ("Edg/", "EdgA/", "EdgiOS/")),
    ("Opera", ("OPR/",)),
    ("Firefox", ("Firefox/", "FxiOS/")),
    ("Chrome", ("Chrome/", "CriOS/")),
    ("Safari", ("Safari/",)),
)
SYSTEMS = (
    ("iPhone", ("iPhone",)),
    ("iPad", ("iPad",)),
    ("Android", ("Android",)),
    ("Windows", ("Windows",)),
    ("macOS", ("Mac OS X", "Macintosh")),
    ("ChromeOS", ("CrOS",)),
    ("Linux", ("Linux",)),
)
UNKNOWN = "Unknown device"
PRINTABLE = re.compile(r"[^\x20-\x7e]+")

Marks = tuple[tuple[str, tuple[str, ...]], ...]


def device_of(user_agent: str | None) -> str:
    """Return `Firefox on Linux`, or the name that the program sends, which may be untrue."""
    text = PRINTABLE.sub("", user_agent or "")[:500].strip()
    browser, system = first(BROWSERS, text), first(SYSTEMS, text)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or text.split(" ")[0][:MAX_DEVICE_LENGTH] or UNKNOWN


def first(marks: Marks, text: str) -> str | None:
    return next((name for name, signs in marks if any(sign in text for sign in signs)), None)
