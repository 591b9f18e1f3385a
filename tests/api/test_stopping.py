"""The shutdown of the real server, as a load balancer sees it."""

import signal
from pathlib import Path

import pytest

from tests.api.serving import eventually, serving
from tests.core.engine.http.raw import connect

pytestmark = pytest.mark.process


def test_readiness_says_no_while_requests_are_still_taken(tmp_path: Path) -> None:
    """The requests are those of HAProxy by default: HTTP/1.0, without a Host field."""

    def ask(path: str) -> int:
        with connect(port) as connection:
            return connection.send(f"GET {path} HTTP/1.0\r\n\r\n".encode()).answer().status

    with serving(tmp_path, SHUTDOWN_DELAY_S="120") as server:
        port = int(server.address().rpartition(":")[2])
        with connect(port) as connection:
            assert connection.get("/health/ready").status == 200
        assert ask("/health/ready") == 200

        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: ask("/health/ready") == 503)
        assert ask("/health/live") == 200
        assert server.stop() == 0
