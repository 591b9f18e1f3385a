"""Settings of the sessions and transactions of PostgreSQL, directly or through a pooler.

A pooler refuses startup parameters that it does not know, so settings are set after connecting. In
transaction mode neither settings nor prepared statements outlive a transaction.
"""

from collections.abc import Mapping
from functools import partial

CANCELS = {"client_connection_check_interval": "1s"}
"""With this setting the server ends a statement whose client has disconnected."""
UNCOMPILED = {"jit": "off"}
"""PostgreSQL compiles queries that it expects to be expensive, such as each search of a large
table. That takes tens of milliseconds, while the search itself may take less than one."""
WITHOUT_WORKERS = {"max_parallel_workers_per_gather": "0"}
"""Starting a worker process takes longer than a search with few results."""
SESSION = CANCELS | UNCOMPILED
READ_ONLY_SESSION = SESSION | {"default_transaction_read_only": "on"}
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
    from core.engine.sql.postgres.connection import connect  # the driver takes 190 ms

    if transaction_pooler:
        return {**UNNAMED, "async_creator_fn": partial(connect, settings={})}
    return {"async_creator_fn": partial(connect, settings=settings)}


def timeout_of(seconds: float | None) -> dict[str, str]:
    return {"statement_timeout": str(round((seconds or 0) * 1000))}


def set_all(settings: Mapping[str, str]) -> str:
    return "; ".join(f"SET {name} = '{value}'" for name, value in settings.items())


def set_local(settings: Mapping[str, str]) -> str:
    """Return SQL that sets these settings for the rest of the transaction."""
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


def set_local_in_one(settings: Mapping[str, str]) -> str:
    """Return `set_local` as one statement, for SQLAlchemy. The server needs twice the time."""
    calls = (f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    return f"SELECT {', '.join(calls)}"
