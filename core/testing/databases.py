"""The databases that tests run on: a file for SQLite, a fresh database for PostgreSQL.

PostgreSQL is the server TEST_POSTGRES_URL names, or one that is started once for the test run.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from shutil import copyfile
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url

from core.data.migrations import upgrade
from core.testing.postgres import (
    HAS_POSTGRES,
    HOW_TO_GET_POSTGRES,
    KeptConnection,
    kept_connection,
    postgres_server,
)
from core.wiring.histories import histories

__all__ = [
    "BACKENDS",
    "HAS_POSTGRES",
    "HOW_TO_GET_POSTGRES",
    "Databases",
    "execute",
    "kept_connection",
    "postgres_database",
    "postgres_server",
]

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

STRATEGY = "" if os.environ.get("TEST_POSTGRES_URL") else "STRATEGY FILE_COPY"
"""The quicker way to copy on a server without `fsync`; PostgreSQL 14 does not know it."""
BACKENDS = ["sqlite", *(["postgresql"] if HAS_POSTGRES else [])]


def migrate(url: str) -> None:
    """Apply the revisions of core and of all modules."""
    upgrade(url, histories())


class Databases:
    """One database of each kind that has its tables: a file to copy, and a database to empty."""

    def __init__(
        self, folder: Path, stack: ExitStack, make_tables: Callable[[str], object] = migrate
    ) -> None:
        self._folder, self._stack, self._make_tables = folder, stack, make_tables

    def fresh(self, backend: str, folder: Path) -> str:
        """Return the URL of a database that has its tables and no rows."""
        if backend == "postgresql":
            self._to_empty.execute(EMPTY)
            return self._postgres
        folder.mkdir(parents=True, exist_ok=True)
        copyfile(self._sqlite, folder / "atrium.db")
        return f"sqlite:///{folder / 'atrium.db'}"

    def copy(self) -> AbstractContextManager[str]:
        """Return a PostgreSQL database whose tables a test may alter."""
        self._to_empty.execute(EMPTY)
        self._to_empty.close()  # no other connection may be open to what is copied
        return postgres_database(postgres_server(), self._postgres)

    @cached_property
    def _sqlite(self) -> Path:
        path = self._folder / "template.db"
        self._make_tables(f"sqlite:///{path}")
        return path

    @cached_property
    def _postgres(self) -> str:
        url = self._stack.enter_context(postgres_database(postgres_server()))
        self._make_tables(url)
        return url

    @cached_property
    def _to_empty(self) -> KeptConnection:
        return self._stack.enter_context(closing(KeptConnection(self._postgres)))


@contextmanager
def postgres_database(server: str, template: str | None = None) -> Iterator[str]:
    """Create a database, or a copy of one, whose text is sorted by the rules of Unicode."""
    name = f"test_{uuid4().hex}"
    source = make_url(template).database if template else "template0"
    connection = kept_connection(server)
    connection.execute(
        f"CREATE DATABASE {name} TEMPLATE {source} {STRATEGY} ENCODING 'UTF8' LOCALE 'C.UTF-8'"
    )
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def execute(url: str, *statements: str) -> None:
    """Run each statement without a transaction."""
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()
