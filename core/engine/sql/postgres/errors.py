"""The errors of PostgreSQL's driver that mean that a connection is lost.

This module imports the driver, so it is imported only if the database is PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import (
    CannotConnectNowError,
    InsufficientResourcesError,
    InterfaceError,
    InternalClientError,
    PostgresConnectionError,
)
from asyncpg.exceptions import AdminShutdownError, CrashShutdownError
from sqlalchemy.exc import DBAPIError

from core.engine.sql.errors import DatabaseBusy, is_too_slow

LOST = (
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    InternalClientError,
    OSError,
    PostgresConnectionError,
)
NOT_CONNECTED = (*LOST, InsufficientResourcesError, InterfaceError)


@contextmanager
def setting_up() -> Iterator[None]:
    """Raise DatabaseBusy if a new connection is lost at once.

    SQLAlchemy raises the driver's own error, or a DBAPIError because its first rollback failed.
    """
    try:
        yield
    except NOT_CONNECTED as error:
        raise DatabaseBusy from error
    except DBAPIError as error:
        if error.orig is None or not isinstance(error.orig.__cause__, LOST):
            raise
        raise DatabaseBusy from error


def is_ended_query(error: Exception) -> bool:
    """Return whether the server ended a statement that SQLAlchemy executed."""
    return isinstance(error, DBAPIError) and is_too_slow(error)


def is_lost(error: Exception) -> bool:
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    return invalidated or isinstance(error, LOST)
