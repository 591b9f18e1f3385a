"""Detection of a pooler in front of PostgreSQL, and of its mode."""

from enum import Enum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from core.engine.sql import connect_args_of, postgres_url, sqlite_path

TRIES = 3
BACKEND = text("SELECT pg_backend_pid()")


class Pooler(Enum):
    session = "session"
    transaction = "transaction"


class Backends(NamedTuple):
    named: int
    """The process id that the connection received at its start."""
    real: int


async def find_pooler(url: str) -> Pooler | None:
    """Return the mode of the pooler, if it can be seen; None for SQLite and direct connections.

    A pooler sends a process id of its own. In transaction mode it gives the server's connection to
    another client between two transactions, so that both clients see the same process.
    """
    if sqlite_path(url):
        return None
    unnamed = connect_args_of({}, transaction_pooler=True)
    engine = create_async_engine(postgres_url(url), poolclass=NullPool, connect_args=unnamed)
    try:
        async with engine.connect() as one, engine.connect() as other:
            for _ in range(TRIES):
                mine, theirs = await backends_of(one), await backends_of(other)
                if mine.named == mine.real:
                    return None
                if mine.real == theirs.real:
                    return Pooler.transaction
        return Pooler.session
    finally:
        await engine.dispose()


async def backends_of(connection: AsyncConnection) -> Backends:
    """Return both process ids, the real one from a transaction of its own."""
    real = await connection.scalar(BACKEND)
    await connection.rollback()
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    if driver is None:
        raise RuntimeError("The connection was lost.")
    return Backends(driver.get_server_pid(), int(real or 0))
