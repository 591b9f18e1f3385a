"""Errors of PostgreSQL's driver: which of them mean that a connection is lost.

It loads the driver, so it is loaded itself only where there is a PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import (
    CannotConnectNowError,
    InterfaceError,
    InternalClientError,
    PostgresConnectionError,
)
from asyncpg.exceptions import AdminShutdownError, CrashShutdownError
from sqlalchemy.exc import DBAPIError

from core.data.errors import DatabaseBusy, is_too_slow

LOST = (
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    InternalClientError,
    OSError,
    PostgresConnectionError,
)


@contextmanager
def setting_up() -> Iterator[None]:
    """Raise DatabaseBusy where a new connection is cut at once.

    SQLAlchemy lets the driver's own errors through, or says that its first rollback failed.
    """
    try:
        yield
    except (InterfaceError, *LOST) as error:
        raise DatabaseBusy from error
    except DBAPIError as error:
        if error.orig is None or not isinstance(error.orig.__cause__, LOST):
            raise
        raise DatabaseBusy from error


def is_ended_query(error: Exception) -> bool:
    """Return whether the server ended a statement of SQLAlchemy's."""
    return isinstance(error, DBAPIError) and is_too_slow(error)


def is_lost(error: Exception) -> bool:
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    return invalidated or isinstance(error, LOST)
