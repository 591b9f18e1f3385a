"""The connections of one process: their limits, and a check of clients that read too slowly."""

import sys
from asyncio import Transport
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from fcntl import ioctl
from ipaddress import IPv4Network, IPv6Network
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from termios import TIOCOUTQ

from uvicorn.server import ServerState

from core.engine.http.client_ip import ClientIp
from core.engine.http.response_writer import Flow
from core.kernel.client_networks import client_network

RESET_AT_ONCE = pack("ii", 1, 0)


class OpenConnections:
    """Counts connections per process and per client; a trusted proxy has no limit of its own."""

    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        self._peers = ClientIp(trusted)
        self._by_client: Counter[str] = Counter()
        self._total = 0

    def enter(self, peer: str, most: int, share: int) -> bool:
        """Count the connection and return True, or return False if the limit is reached."""
        client = client_network(peer)
        if self._total >= most or (
            self._by_client[client] >= share and not self._peers.is_proxy(peer)
        ):
            return False
        self._total += 1
        self._by_client[client] += 1
        return True

    def leave(self, peer: str) -> None:
        client = client_network(peer)
        self._total -= 1
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]


class ServingState(ServerState):
    """The state that the connections of a process share, with the counts of connections."""

    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        super().__init__()
        self.open = OpenConnections(trusted)


class ReaderWatch:
    """Measures how fast a client takes a response, from the time when a part had to wait."""

    def __init__(self, transport: Transport, flow: Flow, now: float) -> None:
        self._transport, self._flow = transport, flow
        self._taken_at = self._window_began = now
        self._taken = self._window_taken = self._count()

    def is_stalled(self, now: float, pause_s: float, window_s: float, rate: int) -> bool:
        """Return whether the client took nothing for `pause_s`, or less than `rate` in a window."""
        taken = self._count()
        if taken > self._taken:
            self._taken, self._taken_at = taken, now
        if now - self._taken_at >= pause_s:
            return True
        if now - self._window_began < window_s:
            return False
        progress, self._window_taken = taken - self._window_taken, taken
        self._window_began = now
        return progress < rate * window_s

    def _count(self) -> int:
        """Return how many of the written bytes have reached the client's machine."""
        return self._flow.written - self._transport.get_write_buffer_size() - self._in_kernel()

    def _in_kernel(self) -> int:
        """Return how many bytes the client has not acknowledged; 0 if that is unknown.

        The kernel buffers megabytes, and accepts more only when a third of them is sent.
        """
        sock = self._transport.get_extra_info("socket")
        with suppress(OSError):
            return int.from_bytes(ioctl(sock.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
        return 0


def drop(transport: Transport) -> None:
    """Reset the connection, and discard the data that its client has not taken."""
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET_AT_ONCE)
    transport.abort()
