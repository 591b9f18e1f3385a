"""The HTTP protocol of uvicorn with limits of size and time, and with an orderly close.

A violation is an error like any other: the protocol passes the application a request with the
error in the scope. The response then has an id, security headers, a log line and a problem as body.
"""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from core.engine.http.refusing import RefusingConnection
from core.engine.http.request_validator import MAX_URL_BYTES
from core.engine.http.response_writer import ResponseWriter

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

MAX_WAITING = 16
"""The number of pipelined requests that may wait while an earlier one is processed."""
END_OF_HEAD = b"\r\n\r\n"
WAITING_BYTES = MAX_WAITING * len(b"GET / HTTP/1.1" + END_OF_HEAD)
"""At most MAX_WAITING requests can end within this number of bytes."""
SLICE_BYTES = 16_384
"""The largest piece that is parsed at once, so that an excess is detected one piece late at most.

A body of known length is not cut into pieces.
"""


class HttpProtocol(RefusingConnection):
    """Reads and parses the requests of a connection, and starts the application for each."""

    __slots__ = ()

    # Reading: for a request that arrives whole, this costs three comparisons and a clock reading

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        if self.pipeline:
            self._unparsed = chain(self._unparsed, pieces(data, body=0))
        elif len(data) <= SLICE_BYTES and data.count(END_OF_HEAD) < MAX_WAITING:
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
            self.cycle.body = b""  # type: ignore[assignment]  # uvicorn only adds to it
        elif isinstance(waiting, bytes):
            self.cycle.body = bytearray(waiting)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._awaiting_body = False
        if self._resumes:
            self._resumes, self.cycle.keep_alive = False, not self.cycle.response_started
        super().on_message_complete()

    # The application

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        cycle.__class__, self._running = ResponseWriter, cycle  # replaces the class of uvicorn
        self._unstarted = task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """Start the next request, or wait for one.

        uvicorn would set a timer after each response and cancel it at the next request.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._heard = self.loop.time()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            self._began = self._heard  # for a head whose parsing was suspended
            self._read_on()
            self._unstarted = None
        elif self._timer.when() > self._heard + self.timeout_keep_alive:
            self._schedule_check()
        if self.flow.read_paused:
            self.flow.resume_reading()


def pieces(data: bytes, body: int) -> Iterator[bytes]:
    """Yield the first `body` bytes whole, and the rest in pieces with few requests each."""
    if body:
        yield data[:body]
    for start in range(body, len(data), SLICE_BYTES):
        piece = data[start : start + SLICE_BYTES]
        step = SLICE_BYTES if piece.count(END_OF_HEAD) < MAX_WAITING else WAITING_BYTES
        yield from (piece[at : at + step] for at in range(0, len(piece), step))
