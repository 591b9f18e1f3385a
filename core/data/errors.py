"""What a database says that passes by itself, in the project's own words."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.kernel.errors import Unavailable

PASSING = (
    "database is locked",
    "queue to write is too long",
    "too many clients",
    "connection slot",
)


class DatabaseBusy(Unavailable):
    """Waiting for the database took too long, or the connection to it broke."""

    code = "database.busy"
    title = "The database is busy or out of reach; try again."


@contextmanager
def saying_busy() -> Iterator[None]:
    """Raise DatabaseBusy where waiting was in vain or the connection broke."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy from error
    except DBAPIError as error:
        if error.connection_invalidated or any(each in str(error.orig) for each in PASSING):
            raise DatabaseBusy from error
        raise
