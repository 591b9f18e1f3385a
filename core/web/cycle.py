"""One request's answer on its way out: its head is checked and written as a whole.

uvicorn checks each field by itself, twice, which is a good part of what a small answer costs.
"""

from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

LINE_END = b"\r\n"
WITHIN_A_LINE = bytes([*b"\t", *range(0x20, 0x7F), *range(0x80, 0x100)])
NO_BODY = frozenset({204, 304})

Fields = Iterable[tuple[bytes, bytes]]


class Cycle(RequestResponseCycle):
    async def send(self, message: Any) -> None:
        if self.response_started or self.disconnected or self.flow.write_paused:
            await super().send(message)
        elif message["type"] != "http.response.start":
            raise RuntimeError(f"An answer begins with its head, not with {message['type']}.")
        else:
            head = self._head(message["status"], message.get("headers", ()))
            self.response_started, self.waiting_for_100_continue = True, False
            self.transport.write(head)

    def _head(self, status: int, fields: Fields) -> bytes:
        """Raises RuntimeError where a field would be taken for two (RFC 9110, section 5.5)."""
        fields = [*self.default_headers, *fields, *self._framing(status, dict(fields))]
        head = (
            STATUS_LINE[status] + b"".join([b"%b: %b\r\n" % field for field in fields]) + LINE_END
        )
        if head.translate(None, WITHIN_A_LINE) != LINE_END * (len(fields) + 2):
            raise RuntimeError("A header field has control characters in it.")
        return head

    def _framing(self, status: int, fields: dict[bytes, bytes]) -> Fields:
        """Where the body ends, and whether the connection does: what the answer does not say."""
        if (length := fields.get(b"content-length")) is not None:
            self.chunked_encoding, self.expected_content_length = False, int(length)
        elif self.scope["method"] != "HEAD" and status not in NO_BODY:
            self.chunked_encoding = True
            yield b"transfer-encoding", b"chunked"
        if fields.get(b"connection") == b"close":
            self.keep_alive = False
        elif not self.keep_alive:
            yield b"connection", b"close"
