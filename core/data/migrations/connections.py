"""A plain connection for migrating, and the lock by which one process at a time migrates."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from core.data.engines import connect, postgres_url, sqlite_path
from core.data.search_tables import add_functions

T = TypeVar("T")

LOCK = int.from_bytes(b"atrium")
LONGEST_WAIT_S = 600


def run(url: str, work: Callable[[Connection], T], *, alone: bool = False) -> T:
    """Call `work` with a connection; `alone`: whoever comes second waits.

    Not from within an event loop: use a thread there.
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


def prepare_sqlite(connection: Any, _: object) -> None:
    """Foreign keys are off: a table is altered by copying and dropping it, and must not cascade."""
    connection.isolation_level = None
    add_functions(connection)
    for pragma in ("busy_timeout = 600000", "foreign_keys = OFF", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


@contextmanager
def turn_beside(path: str) -> Iterator[None]:
    """SQLite locks for one transaction only: so this one is in an empty file beside its own."""
    beside = sqlite3.connect(f"{path}-migrating", timeout=LONGEST_WAIT_S, isolation_level=None)
    with closing(beside):
        beside.execute("BEGIN EXCLUSIVE")
        yield


async def run_on_postgres(url: str, work: Callable[[Connection], T], alone: bool) -> T:
    engine = create_async_engine(
        url, poolclass=NullPool, connect_args={"async_creator_fn": connect}
    )
    try:
        async with engine.connect() as connection:
            if alone:
                await take_turn(connection)
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def take_turn(connection: AsyncConnection) -> None:
    """In no transaction, for which `CREATE INDEX CONCURRENTLY` would wait in its turn."""
    while not await connection.scalar(select(func.pg_try_advisory_lock(LOCK))):
        await connection.rollback()
        await asyncio.sleep(0.2)
    await connection.rollback()
