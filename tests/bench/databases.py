"""The measured databases: SQLite, and PostgreSQL where a server is available."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.testing.databases import BACKENDS, kept_connection, postgres_database, postgres_server
from tests.bench.processes import LOAD_CORE, pinned

__all__ = ["BACKENDS", "database"]


@contextmanager
def database(backend: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'atrium.db'}"
        return
    with pinned(LOAD_CORE):  # the server's core runs only the measured server
        server = postgres_server()
    if "TEST_POSTGRES_URL" not in os.environ:
        for setting in ("fsync", "full_page_writes"):
            kept_connection(server).execute(f"ALTER SYSTEM SET {setting} = on")
        kept_connection(server).execute("SELECT pg_reload_conf()")
    with postgres_database(server) as url:
        yield url
