"""Opens connections to PostgreSQL, directly or through a pooler.

A pooler refuses startup parameters that it does not know, so settings are set after connecting. In
transaction mode nothing outlives a transaction there: neither settings nor prepared statements.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.data.errors import DatabaseBusy

CONNECT_TIMEOUT_S = 5
CANCELS = {
    "client_connection_check_interval": "1s"
}  # the server ends statements whose client has gone
UNCOMPILED = {"jit": "off"}
"""PostgreSQL compiles what it expects to be costly, as it does every search of a large table. That
takes tens of milliseconds, where the search itself may take less than one."""
WITHOUT_WORKERS = {"max_parallel_workers_per_gather": "0"}
"""To start a worker process takes longer than a search that finds little."""
SESSION = CANCELS | UNCOMPILED
READ_ONLY = SESSION | {"default_transaction_read_only": "on"}
NO_SETTINGS: Mapping[str, str] = {}
UNNAMED = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": str,  # which returns the empty name
}


def connecting(settings: Mapping[str, str], transaction_pooler: bool = False) -> dict[str, Any]:
    """Return the arguments for connections whose sessions have these settings."""
    if transaction_pooler:
        return {**UNNAMED, "async_creator_fn": connect}
    return {"async_creator_fn": partial(connect, settings=settings)}


async def connect(*args: Any, settings: Mapping[str, str] = NO_SETTINGS, **options: Any) -> Any:
    """Raises DatabaseBusy if the server does not answer, is starting or is full."""
    import asyncpg  # 190 ms that only PostgreSQL needs

    from core.data.postgres_connection import PromptConnection

    passing = (
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
    except passing as error:
        raise DatabaseBusy from error
    return connection


async def set_in_session(connection: Any, settings: Mapping[str, str]) -> None:
    """In one round trip. A server that does not know CANCELS, as before PostgreSQL 14, has none."""
    from asyncpg import InvalidParameterValueError, UndefinedObjectError

    if not settings:
        return
    try:
        await connection.execute(set_all(settings))
    except (InvalidParameterValueError, UndefinedObjectError):
        known = {name: value for name, value in settings.items() if name not in CANCELS}
        await connection.execute(set_all(known))


def set_local(settings: Mapping[str, str]) -> str:
    """Return statements that set all of them for the rest of the transaction."""
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


def set_local_in_one(settings: Mapping[str, str]) -> str:
    """Return the same as one statement, for SQLAlchemy. It costs the server twice as much."""
    calls = (f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    return f"SELECT {', '.join(calls)}"


def set_all(settings: Mapping[str, str]) -> str:
    return "; ".join(f"SET {name} = '{value}'" for name, value in settings.items())
