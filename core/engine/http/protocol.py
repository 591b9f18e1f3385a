"""The HTTP protocol of uvicorn with limits of size and time, and with an orderly close.

A violation is an error like any other: the protocol passes the application a request with the
error in the scope. The response then has an id, security headers, a log line and a problem as body.
"""

from asyncio import Transport
from itertools import chain
from re import compile as pattern
from typing import Any, cast

from core.engine.http.errors import HeadersTooLarge, Unparsable, UriTooLong
from core.engine.http.request_validator import MAX_HEADER_BYTES, MAX_URL_BYTES
from core.engine.http.responding import HalfCloseTransport, RespondingConnection
from core.engine.http.slices import fits_in_one_piece, pieces

TARGET = pattern(rb"https?://([^/?#]+)([^#]*)")


class HttpProtocol(RespondingConnection):
    """Reads and parses the requests of a connection."""

    __slots__ = ()

    # Reading: for a request that arrives whole, this costs three comparisons and a clock reading

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        if self.pipeline:
            self._unparsed = chain(self._unparsed, pieces(data, body=0))
        elif fits_in_one_piece(data) or len(data) <= self._body_left():
            self._read(data)
        else:
            self._unparsed = pieces(data, self._body_left())
            self._read_on()
        self._unstarted = None

    def _body_left(self) -> int:
        """Return the bytes of a body of known length that are still missing."""
        return self._body_end - self._body_bytes if self._awaiting_body and self._sized else 0

    def _read_on(self) -> None:
        """Parse the received data until a request has to wait, or all is parsed."""
        while not self.pipeline:
            if (piece := next(self._unparsed, None)) is None:
                return
            self._read(piece)

    def _read(self, data: bytes) -> None:
        if self._discarding:
            return
        super().data_received(data)
        if self._awaiting_body:
            self._check_body(len(data))
        elif "method" not in self.scope:
            self._check_head(len(data))

    def _check_head(self, size: int) -> None:
        """Refuse a head that is too large.

        Its first piece is not counted, because it may contain the end of a body.
        """
        if self._open_head is not self.scope:
            self._open_head, self._head_bytes, self._began = self.scope, 0, self._heard
            self._schedule_check()
        else:
            self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES + MAX_URL_BYTES:
            self._refuse(UriTooLong() if len(self.url) > MAX_URL_BYTES else HeadersTooLarge())

    def _check_body(self, size: int) -> None:
        """Refuse too many bytes of chunk extensions and trailers, which no other limit covers."""
        if self._open_body is not self.cycle:
            self._await_body()
        elif self._body_bytes == self._body_bytes_seen:
            self._other_bytes += size
        self._body_bytes_seen = self._body_bytes
        if self._other_bytes > MAX_HEADER_BYTES:
            self._refuse(HeadersTooLarge())

    def _await_body(self) -> None:
        """Prepare for the rest of a body.

        A response that starts before the end of a long body is the last on its connection. The
        same holds if the client waits for 100 Continue, because it may omit the body.
        """
        length = dict(self.scope["headers"]).get(b"content-length")
        self._open_body, self._sized, self._other_bytes = self.cycle, length is not None, 0
        self._body_end = self._body_began + int(length or 0)
        self._window_began, self._window_bytes = self._heard, self._body_bytes
        self.cycle.transport = cast(Transport, HalfCloseTransport(self.transport, self._linger))
        if not length or int(length) > self.drained_bytes or self.expect_100_continue:
            self._resumes, self.cycle.keep_alive = self.cycle.keep_alive, False
        self._schedule_check()

    # Callbacks of the parser

    def on_headers_complete(self) -> None:
        url = self.url
        if self._fault or url[:1] != b"/" or len(url) > MAX_URL_BYTES or b"#" in url:
            self._check_target()
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":  # uvicorn never keeps these alive
            self.cycle.keep_alive = self.parser.should_keep_alive()
        self._awaiting_body, self._body_began = True, self._body_bytes
        self.headers = []  # a new list, because trailers are appended to it

    def on_body(self, body: bytes) -> None:
        """Pass a single piece on as it is; uvicorn would copy it twice."""
        self._body_bytes += len(body)
        if not (waiting := self.cycle.body):
            self.cycle.body = cast(Any, b"")
        elif isinstance(waiting, bytes):
            self.cycle.body = bytearray(waiting)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._awaiting_body = False
        if self._resumes:
            self._resumes, self.cycle.keep_alive = False, not self.cycle.response_started
        super().on_message_complete()

    def _check_target(self) -> None:
        """Reduce `*` and an absolute URL to a path (RFC 9112, section 3.2.2).

        Raises the error of this connection, or Unparsable if the URL names another host than Host.
        """
        if len(self.url) > MAX_URL_BYTES:
            self._fault = UriTooLong()
        if self._fault:
            raise self._fault
        if self.url == b"*" and self.parser.get_method() == b"OPTIONS":
            self.url = b"/"
        elif (target := TARGET.fullmatch(self.url)) and (b"host", target[1]) in self.headers:
            self.url = target[2] if target[2].startswith(b"/") else b"/" + target[2]
        else:
            raise Unparsable

    def _unsupported_upgrade_warning(self) -> None:
        """Refuse an upgrade with a body, which the parser takes for another protocol."""
        fields = dict(self.scope["headers"])
        if b"transfer-encoding" in fields or fields.get(b"content-length", b"0") != b"0":
            self._awaiting_body = True
            self._refuse(Unparsable())
        else:
            self.cycle.keep_alive, self._discarding = False, True
