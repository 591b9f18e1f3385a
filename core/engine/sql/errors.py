"""Transient errors of the database, translated into errors of the project."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.kernel.errors import Unavailable

TRANSIENT_TEXTS = (
    "database is locked",
    "queue to write is too long",
    "rolled the transaction back",
    "no transaction is active",
    "interrupted",  # a write on SQLite, undone with its group after a statement that took too long
)
READ_ONLY = "25006"
TRANSIENT_CLASSES = ("08", "40", "53", "58")
"""The SQLSTATE classes of PostgreSQL for connection, rollback, resources and system errors."""
TRANSIENT_STATES = frozenset(
    {
        READ_ONLY,  # a standby, or a former primary until the failover is over
        "25P03",  # idle in a transaction for too long
        "26000",  # no such prepared statement: a pooler has changed the connection behind it
        "42P05",  # the prepared statement exists already, for the same reason
        "55006",
        "55P03",  # lock not available
        *("57P01", "57P02", "57P03", "57P04", "57P05"),  # shutting down, starting, idle too long
    }
)
OUTDATED_STATES = frozenset({READ_ONLY, "26000", "42P05"})
OUTDATED_PLAN = (
    "cached plan must not change",
    "cached statement plan is invalid",
    "does not match that when preparing the plan",  # in a trigger
)
REPEATABLE_STATES = frozenset({"26000", "40001", "40P01"})
QUERY_CANCELED = "57014"
DISK = ("disk I/O error", "database or disk is full", "unable to open")

log = structlog.get_logger(__name__)


class DatabaseBusy(Unavailable):
    """The wait for the database was too long, or its connection or its disk failed."""

    code = "database.busy"
    title = "The database is busy or unreachable; try again."


class TooSlow(Unavailable):
    """The query took longer than a request may wait, and was cancelled.

    Ask for less: use a longer search text, another order, or a cursor instead of a late page.
    """

    code = "database.too_slow"
    title = "The database query took too long."


@contextmanager
def translate_busy_errors(reading: bool = False) -> Iterator[None]:
    """Raise DatabaseBusy for a transient error, and TooSlow for a statement that took too long.

    With `reading` the connection is read-only on purpose, so a write is a programming error.
    """
    try:
        yield
    except (PoolTimeout, DBAPIError) as error:
        raise_busy(error, reading)
        raise


def raise_busy(error: BaseException, reading: bool = False) -> None:
    """Raise the error by which `translate_busy_errors` replaces this one, if there is one."""
    if isinstance(error, PoolTimeout):
        raise DatabaseBusy from error
    if not isinstance(error, DBAPIError):
        return
    if is_too_slow(error):
        raise TooSlow from error
    if is_transient(error) and not (reading and state_of(error) == READ_ONLY):
        raise DatabaseBusy from error


def is_transient(error: DBAPIError) -> bool:
    """Return whether the same statement may succeed later; log an error of the disk."""
    reason, state = str(error.orig), state_of(error)
    if on_disk := any(text in reason for text in DISK) or state in ("53100", "58030"):
        log.error("database_disk_failed", reason=reason)
    return (
        on_disk
        or error.connection_invalidated
        or state.startswith(TRANSIENT_CLASSES)
        or state in TRANSIENT_STATES
        or has_outdated_plan(error)
        or any(text in reason for text in TRANSIENT_TEXTS)
    )


def is_outdated(error: BaseException) -> bool:
    """Return whether this connection, and others of its age, can no longer be used."""
    return isinstance(error, DBAPIError) and (
        state_of(error) in OUTDATED_STATES or has_outdated_plan(error)
    )


def is_repeatable(error: DBAPIError) -> bool:
    """Return whether the database rolled back, and the same statement may succeed at once."""
    return state_of(error) in REPEATABLE_STATES or has_outdated_plan(error)


def has_outdated_plan(error: DBAPIError) -> bool:
    """Return whether a table was altered after the connection prepared the statement."""
    return any(text in str(error.orig) for text in OUTDATED_PLAN)


def state_of(error: DBAPIError) -> str:
    """Return PostgreSQL's SQLSTATE, or an empty text."""
    return getattr(error.orig, "sqlstate", None) or ""


def is_too_slow(error: DBAPIError) -> bool:
    """Return whether PostgreSQL ended the statement, by a timeout or after a cancel request."""
    return state_of(error) == QUERY_CANCELED
