"""Counters of the fallbacks of this process: an operation failed, and another one replaced it.

A response does not show a fallback, because it is still right, or lacks only a part.
"""

from collections import Counter

import structlog

from core.kernel.lru_dict import LruDict

log = structlog.get_logger(__name__)

counts: Counter[str] = Counter()
"""The number of fallbacks of each kind."""
logged: LruDict[tuple[str, str], bool] = LruDict(1000)
"""The kinds and subjects of which a fallback has been logged."""


def count_fallback(kind: str) -> None:
    """Count a fallback that the caller logs."""
    counts[kind] += 1


def note_fallback(kind: str, subject: str, error: BaseException | None = None) -> None:
    """Count a fallback, and log the first one of each subject, such as a statement."""
    count_fallback(kind)
    if not logged.get((kind, subject)):
        logged.put((kind, subject), True)
        log.warning("fallback_taken", kind=kind, subject=subject, exc_info=error)
