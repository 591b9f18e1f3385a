"""What a database says that passes by itself, in the project's own words."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.kernel.errors import Unavailable

PASSING = (
    "database is locked",
    "queue to write is too long",
    "rolled the transaction back",
    "no transaction is active",
    "too many clients",
    "connection slot",
)
QUERY_CANCELED = "57014"
DISK = ("disk I/O error", "database or disk is full", "unable to open")

log = structlog.get_logger(__name__)


class DatabaseBusy(Unavailable):
    """Waiting for the database took too long, or the connection to it or its disk broke."""

    code = "database.busy"
    title = "The database is busy or out of reach; try again."


class TooSlow(Unavailable):
    """A query took longer than a request may wait for it, and was ended.

    Ask for less: a longer search text, another order, a cursor instead of a page far in.
    """

    code = "database.too_slow"
    title = "The database took too long for this."


@contextmanager
def saying_busy() -> Iterator[None]:
    """Raise DatabaseBusy where waiting was in vain, the connection broke, or the disk did."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy from error
    except DBAPIError as error:
        if is_too_slow(error):
            raise TooSlow from error
        reason = str(error.orig)
        if on_disk := any(each in reason for each in DISK):
            log.error("database_disk_failed", reason=reason)
        if on_disk or error.connection_invalidated or any(each in reason for each in PASSING):
            raise DatabaseBusy from error
        raise


def is_too_slow(error: DBAPIError) -> bool:
    """Return whether PostgreSQL ended the statement, by a timeout or because it was asked to."""
    return getattr(error.orig, "sqlstate", None) == QUERY_CANCELED
