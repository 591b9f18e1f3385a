"""Servers with long or short deadlines, and a connection to one."""

from collections.abc import Iterator

import pytest

from tests.core.engine.http.raw import RawConnection, connect
from tests.core.engine.http.served import Serving, served

POST = b"POST /echo HTTP/1.1\r\nHost: test\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /mark/smuggled HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """Yield a server with deadlines in tenths of a second."""
    with served() as serving:
        yield serving


@pytest.fixture(scope="module")
def patient_server() -> Iterator[Serving]:
    """Yield a server with the default deadlines, so that none passes by chance."""
    with served("--patient") as serving:
        yield serving


@pytest.fixture
def hasty(server: Serving) -> Iterator[RawConnection]:
    with connect(server.port) as connection:
        yield connection


@pytest.fixture
def connection(patient_server: Serving) -> Iterator[RawConnection]:
    with connect(patient_server.port) as connection:
        yield connection


def seen(server: Serving) -> list[str]:
    with connect(server.port) as connection:
        return connection.get("/seen").body.decode().split()
