"""Finds out whether a pooler stands before PostgreSQL, and how it hands out connections."""

from enum import Enum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from core.data.connecting import connecting
from core.data.engines import postgres_url, sqlite_path

TRIES = 3
BACKEND = text("SELECT pg_backend_pid()")


class Pooler(Enum):
    session = "session"
    transaction = "transaction"


class Backends(NamedTuple):
    named: int
    """The process that the connection was told at its start."""
    real: int


async def find_pooler(url: str) -> Pooler | None:
    """Return what is there, as far as it shows; None for SQLite and a direct connection.

    A pooler names a process of its own. One in transaction mode lends the connection to the server
    on between two transactions, so that another client meets the same process.
    """
    if sqlite_path(url):
        return None
    unnamed = connecting({}, transaction_pooler=True)
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
    """In a transaction of its own."""
    real = await connection.scalar(BACKEND)
    await connection.rollback()
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    if driver is None:
        raise RuntimeError("The connection was lost.")
    return Backends(driver.get_server_pid(), int(real or 0))
