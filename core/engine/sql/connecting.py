"""New connections to PostgreSQL, directly or through a pooler.

A pooler refuses startup parameters that it does not know, so settings are set after connecting. In
transaction mode neither settings nor prepared statements outlive a transaction.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.engine.sql.errors import DatabaseBusy

CONNECT_TIMEOUT_S = 5
CANCELS = {"client_connection_check_interval": "1s"}
"""With this setting the server ends a statement whose client has disconnected."""
UNCOMPILED = {"jit": "off"}
"""PostgreSQL compiles queries that it expects to be expensive, such as each search of a large
table. That takes tens of milliseconds, while the search itself may take less than one."""
WITHOUT_WORKERS = {"max_parallel_workers_per_gather": "0"}
"""Starting a worker process takes longer than a search with few results."""
SESSION = CANCELS | UNCOMPILED
READ_ONLY_SESSION = SESSION | {"default_transaction_read_only": "on"}
NO_SETTINGS: Mapping[str, str] = {}
UNNAMED = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": str,  # returns the empty name
}


def connect_args_of(
    settings: Mapping[str, str], transaction_pooler: bool = False
) -> dict[str, object]:
    """Return the `connect_args` of an engine whose sessions have these settings.

    A session through a transaction pooler has none of them.
    """
    if transaction_pooler:
        return {**UNNAMED, "async_creator_fn": connect}
    return {"async_creator_fn": partial(connect, settings=settings)}


async def connect(
    *args: object, settings: Mapping[str, str] = NO_SETTINGS, **options: object
) -> object:
    """Return a new connection. Raises DatabaseBusy if the server is silent, starting or full."""
    import asyncpg  # takes 190 ms, and only PostgreSQL needs it

    from core.engine.sql.postgres.connection import PromptConnection

    transient = (
        OSError,
        asyncpg.CannotConnectNowError,
        asyncpg.InsufficientResourcesError,
        asyncpg.InterfaceError,
        asyncpg.PostgresConnectionError,
        asyncpg.exceptions.AdminShutdownError,
        asyncpg.exceptions.CrashShutdownError,
    )
    try:
        connection = await asyncpg.connect(
            *args, timeout=CONNECT_TIMEOUT_S, connection_class=PromptConnection, **options
        )
        try:
            await set_in_session(connection, settings)
        except BaseException:
            connection.terminate()
            raise
    except transient as error:
        raise DatabaseBusy from error
    return connection


async def set_in_session(connection: Any, settings: Mapping[str, str]) -> None:
    """Set these settings in one round trip, without CANCELS if the server does not know them.

    A server older than PostgreSQL 14 does not know them.
    """
    from asyncpg import InvalidParameterValueError, UndefinedObjectError

    if not settings:
        return
    try:
        await connection.execute(set_all(settings))
    except (InvalidParameterValueError, UndefinedObjectError):
        supported = {name: value for name, value in settings.items() if name not in CANCELS}
        await connection.execute(set_all(supported))


def set_local(settings: Mapping[str, str]) -> str:
    """Return SQL that sets these settings for the rest of the transaction."""
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


def set_local_in_one(settings: Mapping[str, str]) -> str:
    """Return `set_local` as one statement, for SQLAlchemy. The server needs twice the time."""
    calls = (f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    return f"SELECT {', '.join(calls)}"


def set_all(settings: Mapping[str, str]) -> str:
    return "; ".join(f"SET {name} = '{value}'" for name, value in settings.items())
