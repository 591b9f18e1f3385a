"""Which statements end after `DATABASE_STATEMENT_TIMEOUT_S`: those that a request waits for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.kernel.context import in_request

STATEMENT_TIMEOUT_S = 5.0

_exempt: ContextVar[bool] = ContextVar("exempt_from_statement_timeout", default=False)


def is_limited() -> bool:
    """Return whether the statement timeout applies: not to background work and commands."""
    return in_request() and not is_exempt()


def is_exempt() -> bool:
    """Return whether a request does long work that it has exempted."""
    return _exempt.get()


@contextmanager
def without_statement_timeout() -> Iterator[None]:
    """Exempt what a request does in this block, such as an export."""
    token = _exempt.set(True)
    try:
        yield
    finally:
        _exempt.reset(token)
