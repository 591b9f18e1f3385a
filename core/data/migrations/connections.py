"""A plain connection for migrations, and the lock by which one process at a time migrates."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager, nullcontext
from typing import TypeVar

from sqlalchemy import Connection, create_engine, event, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from core.engine.sql import add_functions, connect_args_of, postgres_url, sqlite_path

T = TypeVar("T")

LOCK = int.from_bytes(b"atrium")
MAX_WAIT_S = 600


def run(url: str, work: Callable[[Connection], T], *, alone: bool = False) -> T:
    """Call `work` with a connection; with `alone` only one process at a time does so.

    Do not call it in an event loop: use a thread there.
    """
    if path := sqlite_path(url):
        return run_on_sqlite(path, work, alone)
    return asyncio.run(run_on_postgres(postgres_url(url), work, alone))


def run_on_sqlite(path: str, work: Callable[[Connection], T], alone: bool) -> T:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "begin", lambda it: it.exec_driver_sql("BEGIN IMMEDIATE"))
    with turn_beside(path) if alone else nullcontext(), engine.connect() as connection:
        return work(connection)


def prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Set up a connection.

    Foreign keys are off, because an altered table is copied and dropped, which must not cascade.
    """
    connection.isolation_level = None
    add_functions(connection)
    for pragma in ("busy_timeout = 600000", "foreign_keys = OFF", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


@contextmanager
def turn_beside(path: str) -> Iterator[None]:
    """Hold a lock on an empty file beside the database, whose own lock ends with a transaction."""
    beside = sqlite3.connect(f"{path}-migrating", timeout=MAX_WAIT_S, isolation_level=None)
    with closing(beside):
        beside.execute("BEGIN EXCLUSIVE")
        yield


async def run_on_postgres(url: str, work: Callable[[Connection], T], alone: bool) -> T:
    """Call `work` without any state of a session, because there may be a pooler."""
    unnamed = connect_args_of({}, transaction_pooler=True)
    engine = create_async_engine(url, poolclass=NullPool, connect_args=unnamed)
    try:
        async with AsyncExitStack() as stack:
            if alone:
                await take_turn(await stack.enter_async_context(engine.connect()))
            connection = await stack.enter_async_context(engine.connect())
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def take_turn(connection: AsyncConnection) -> None:
    """Take the lock in a transaction that stays open, on a connection of its own.

    Through a pooler a session lock might belong to another session. The transaction reads no table,
    so `CREATE INDEX CONCURRENTLY` does not wait for it.
    """
    while not await connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        await connection.rollback()
        await asyncio.sleep(0.2)
    await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
