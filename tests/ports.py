"""Ports of the loopback for servers that tests start with a fixed port."""

import os
import socket
from collections.abc import Iterator
from itertools import count

FIRST, LAST = 15_000, 32_000  # below the ports that systems give to outgoing connections


def free_port() -> int:
    """Return a port that no server listens on and no outgoing connection can take."""
    return next(port for port in PORTS if _is_free(port))


def _candidates() -> Iterator[int]:
    """Return all ports of the range in turn; each process begins elsewhere."""
    start = os.getpid() * 131
    return (FIRST + (start + step) % (LAST - FIRST) for step in count())


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


PORTS = _candidates()
