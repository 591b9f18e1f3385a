"""PgBouncer in front of the PostgreSQL of the tests, in session or in transaction mode."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import URL, make_url

from tests.ports import free_port

READABLE = 0o755
HOW = "PgBouncer is needed: install pgbouncer."
CONFIGURATION = """
[databases]
* = {server}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = {mode}
max_client_conn = 500
default_pool_size = {size}
unix_socket_dir =
"""


@contextmanager
def pgbouncer(url: str, mode: str) -> Iterator[str]:
    """Yield the URL of the same database through the pooler."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip(HOW)
    port, there = free_port(), make_url(url)
    size = 80 if mode == "session" else 10
    with TemporaryDirectory(prefix="atrium-pgbouncer-") as folder:
        Path(folder).chmod(READABLE)
        file = Path(folder, "pgbouncer.ini")
        text = CONFIGURATION.format(server=server_of(there), port=port, mode=mode, size=size)
        file.write_text(text)
        process = subprocess.Popen(
            [program, *user_for(there), str(file)], stderr=subprocess.DEVNULL
        )
        try:
            wait_for(port)
            yield pooled(there, port)
        finally:
            process.kill()
            process.wait()


def pooled(url: URL, port: int) -> str:
    """Return the URL with a password and without TLS, so that the driver reads no user files."""
    password = url.password or "any"
    return f"postgresql://{url.username}:{password}@127.0.0.1:{port}/{url.database}?ssl=disable"


def server_of(url: URL) -> str:
    """Return the connection to the server; the client names the database."""
    given = {
        "host": url.query.get("host") or url.host,
        "port": url.port or 5432,
        "user": url.username,
        "password": url.password,
    }
    return " ".join(f"{name}={value}" for name, value in given.items() if value)


def user_for(url: URL) -> list[str]:
    """Return the option that replaces root, whom PgBouncer refuses, by the folder's owner."""
    if os.geteuid():
        return []
    folder = Path(str(url.query.get("host") or ""))
    return ["-u", folder.owner() if folder.is_absolute() else "nobody"]


def wait_for(port: int) -> None:
    last = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < last, "PgBouncer does not start"
            time.sleep(0.02)
