"""The writer of a response, which sends the head and the first part of the body in one write.

So nothing is sent of a response whose head contradicts the first part of its body. The writer also
counts the bytes of all responses, which shows how fast a client reads.
"""

from asyncio import Transport
from collections.abc import Iterable, Sized
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

LINE_END = b"\r\n"
LAST_CHUNK = b"0\r\n\r\n"
WITHIN_A_LINE = bytes([*b"\t", *range(0x20, 0x7F), *range(0x80, 0x100)])
NO_BODY = frozenset({204, 304})
UNTIL_THE_END = -1
"""The expected length of a body that ends with the connection."""

Fields = Iterable[tuple[bytes, bytes]]


class Flow(FlowControl):
    """The flow control, and the other state that all responses of one connection share."""

    def __init__(self, transport: Transport, waiting: Sized, keep_alive_s: int) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self.written = 0
        """The bytes of all responses."""
        self.kept_alive = b"connection: keep-alive\r\nkeep-alive: timeout=%d\r\n" % keep_alive_s

    def resume_reading(self) -> None:
        """Resume reading, except while a pipelined request waits."""
        if not self._waiting:
            super().resume_reading()


class ResponseWriter(RequestResponseCycle):
    flow: Flow
    _unsent = b""
    """The head, until the first part of the body is sent with it."""

    async def send(self, message: Any) -> None:
        """Send a part of the response. Raises RuntimeError, and sends nothing, if it is invalid."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        expected = "http.response.body" if self.response_started else "http.response.start"
        if message["type"] != expected or self.response_complete:
            raise RuntimeError(f"{message['type']} does not come next in a response.")
        if self.response_started:
            self._write(message.get("body", b""), ends=not message.get("more_body"))
        else:
            self._unsent = self._head(message["status"], message.get("headers", ()))
            self.response_started, self.waiting_for_100_continue = True, False

    def _head(self, status: int, fields: Fields) -> bytes:
        """Return the head. Raises RuntimeError for control characters (RFC 9110, section 5.5)."""
        named = dict(fields := [*self.default_headers, *fields])
        if (length := named.get(b"content-length")) is not None:
            self.chunked_encoding, self.expected_content_length = False, int(length)
        elif self.scope["method"] != "HEAD" and status not in NO_BODY:
            fields += self._framing()
        if named.get(b"connection") == b"close":
            self.keep_alive = False
        elif not self.keep_alive:
            fields.append((b"connection", b"close"))
        lines = LINE_END.join(map(b": ".join, fields)) + 2 * LINE_END
        if lines.translate(None, WITHIN_A_LINE) != LINE_END * (len(fields) + 1):
            raise RuntimeError("A header field has control characters in it.")
        kept = self.flow.kept_alive if self.keep_alive else b""
        return STATUS_LINE[status] + kept + lines

    def _framing(self) -> Fields:
        """Return the header field for a body of unknown length, which ends with a chunk."""
        self.chunked_encoding = self.scope["http_version"] != "1.0"
        if self.chunked_encoding:
            return [(b"transfer-encoding", b"chunked")]
        # The body ends with the connection (RFC 9112, section 6.3).
        self.keep_alive, self.expected_content_length = False, UNTIL_THE_END
        return []

    def _write(self, body: bytes, ends: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        elif self.chunked_encoding:
            body = chunk(body) + LAST_CHUNK * ends
        elif self.expected_content_length != UNTIL_THE_END:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0 or (ends and self.expected_content_length):
                raise RuntimeError("The body is not as long as its Content-Length.")
        piece, self._unsent = self._unsent + body, b""
        self.flow.written += len(piece)
        self.transport.write(piece)
        if ends:
            self._complete()

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def chunk(body: bytes) -> bytes:
    """Return a chunk; no bytes for an empty body, which would be the last chunk (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(body), body) if body else b""
