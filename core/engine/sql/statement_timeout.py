"""The scope of `DATABASE_STATEMENT_TIMEOUT_S`: it limits statements that a request waits for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.kernel.context import in_request

STATEMENT_TIMEOUT_S = 5.0

_exempt: ContextVar[bool] = ContextVar("exempt_from_statement_timeout", default=False)


def is_limited() -> bool:
    """Return whether the statement timeout applies; background work and commands have none."""
    return in_request() and not _exempt.get()


def is_exempt() -> bool:
    """Return whether this code runs in a block of `without_statement_timeout`."""
    return _exempt.get()


@contextmanager
def without_statement_timeout() -> Iterator[None]:
    """Exempt the statements of this block, such as those of an export."""
    token = _exempt.set(True)
    try:
        yield
    finally:
        _exempt.reset(token)
