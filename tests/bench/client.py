"""One connection to a service, for the preparation of measurements and for transfers."""

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPResponse
from typing import Any

BOUNDARY = "atrium-bench"
CHUNK = 2**20


class Client:
    def __init__(self, port: int, token: str = "") -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of the response. Raises RuntimeError for any status except 2xx."""
        return self.send_text(method, path, json.dumps(body) if body else None)

    def send_text(self, method: str, path: str, body: str | None) -> Any:
        headers = {**self.headers, "Content-Type": "application/json"}
        self._connection.request(method, path, body, headers)
        return self._read(self._connection.getresponse())

    def upload(self, path: str, size: int) -> Any:
        """Upload a file of this size in bytes, which is generated while it is sent."""
        length, parts = multipart(size)
        headers = {
            **self.headers,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(length),
        }
        self._connection.request("POST", path, parts, headers)
        return self._read(self._connection.getresponse())

    def download(self, path: str) -> int:
        """Return the number of received bytes."""
        self._connection.request("GET", path, headers=self.headers)
        answer = self._connection.getresponse()
        if answer.status != 200:
            self._read(answer)
        buffer, total = bytearray(CHUNK), 0
        while count := answer.readinto(buffer):
            total += count
        return total

    def _read(self, answer: HTTPResponse) -> Any:
        body = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{answer.status}: {body[:300].decode('utf-8', 'replace')}")
        return json.loads(body) if body else None


def multipart(size: int, name: str = "bench.pdf") -> tuple[int, Iterator[bytes]]:
    """Return the length of a body with one file of `size` bytes, and its parts."""
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"--{BOUNDARY}\r\n{disposition}\r\nContent-Type: application/pdf\r\n\r\n".encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()

    def pieces() -> Iterator[bytes]:
        yield head
        yield from content(size)
        yield tail

    return len(head) + size + len(tail), pieces()


def content(size: int) -> Iterator[bytes]:
    start = b"%PDF-1.7\n"
    filling = bytes(range(32, 127)) * (CHUNK // 95 + 1)
    yield start[:size]
    for sent in range(len(start), size, CHUNK):
        yield filling[: min(CHUNK, size - sent)]


def bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
