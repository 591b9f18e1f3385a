"""The choice of a language: that of the user, else the best one of `Accept-Language`.

`Accept-Language` (RFC 9110, section 12.5.4) is a hint, so its malformed ranges are ignored.
"""

import re
from collections.abc import Collection, Iterable, Iterator

ENGLISH = "en"
MAX_RANGES = 50
RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)"
    r"\s*(?:;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.IGNORECASE,
)


def chosen_language(known: Collection[str], locale: str | None, accepted: str) -> str:
    """Return the language of the locale, else the best accepted one, else English."""
    if locale and (language := primary(locale)) in known:
        return language
    return next(by_preference(known, accepted), ENGLISH)


def by_preference(known: Collection[str], accepted: str) -> Iterator[str]:
    """Yield the accepted languages that are known; `*` stands for each one that is not named."""
    ranges = sorted(ranges_in(accepted), key=lambda pair: -pair[1])
    named = {language for language, _ in ranges}
    for language, quality in ranges:
        if quality and language == "*":
            yield from (other for other in (ENGLISH, *known) if other not in named)
        elif quality and language in known:
            yield language


def ranges_in(accepted: str) -> Iterable[tuple[str, float]]:
    """Return the language and the quality of each range; the regional part is ignored."""
    matches = map(RANGE.fullmatch, accepted.split(",", MAX_RANGES)[:MAX_RANGES])
    return [(primary(match[1]), float(match[2] or 1)) for match in matches if match]


def primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
