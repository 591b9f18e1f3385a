"""The check that a test takes no fallback that it does not name."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from core.kernel.fallbacks import counts


@contextmanager
def no_fallbacks_except(kinds: Collection[str]) -> Iterator[None]:
    before = counts.copy()
    yield
    taken = counts - before
    assert taken.keys() <= {*kinds}, f"Fallbacks were taken: {dict(taken)}"
