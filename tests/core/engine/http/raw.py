"""Raw HTTP connections: bytes that no client library would send, and the bytes of the response."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from select import poll
from time import monotonic
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> Any:
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.body)


class RawConnection:
    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._rest = b""

    def send(self, *parts: bytes) -> "RawConnection":
        """Send the parts; a server that closes the connection explains it in its response."""
        for part in parts:
            try:
                self._socket.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break
        return self

    def get(self, path: str, *fields: str) -> Answer:
        return self.send(head("GET", path, *fields)).answer()

    def answer(self) -> Answer:
        """Return the next response. Raises EOFError if the connection ends within it."""
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])
        }
        status = int(lines[0].split(" ")[1])
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(self._chunks()))
        body = b"" if status < 200 else self._exactly(int(headers.get("content-length", 0)))
        return Answer(status, headers, body)

    def rest(self) -> bytes:
        """Return all bytes until the server closes the connection."""
        found, self._rest = self._rest, b""
        while more := self._socket.recv(65536):
            found += more
        return found

    def is_reset(self, within_s: float = 10.0) -> bool:
        """Return whether the server resets the connection, although the client reads nothing."""
        watch = poll()
        watch.register(self._socket, 0)
        return bool(watch.poll(within_s * 1000))

    def take(self, size: int) -> bytes:
        """Return this number of bytes."""
        return self._exactly(size)

    def is_closed(self) -> bool:
        """Return whether the server closes the connection, without a further response, in time."""
        try:
            return not self._rest and not self._socket.recv(1)
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._until(b"\r\n"), 16):
            yield self._exactly(size)
            self._exactly(2)
        self._exactly(2)

    def _until(self, end: bytes) -> bytes:
        while end not in self._rest:
            self._receive()
        found, _, self._rest = self._rest.partition(end)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._receive()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _receive(self) -> None:
        more = self._socket.recv(65536)
        if not more:
            raise EOFError(self._rest)
        self._rest += more


@contextmanager
def connect(
    port: int, timeout_s: float = 10.0, source: str = "127.0.0.1", buffer: int | None = None
) -> Iterator[RawConnection]:
    """Yield a connection; `buffer` is the receive buffer of the client in bytes."""
    with socket.socket() as sock:
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.bind((source, 0))
        sock.settimeout(timeout_s)
        sock.connect(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield RawConnection(sock)


def head(method: str, path: str, *fields: str, host: str = "test") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def eventually(happens: Callable[[], Any], within_s: float = 30.0) -> Any:
    """Call `happens()` until it returns a value, and return this value.

    A process that starts or stops may accept a connection and send no response.
    """
    last, found = monotonic() + within_s, None
    while not found:
        assert monotonic() < last, "it did not happen"
        with suppress(ConnectionError, EOFError):
            found = happens()
    return found
