"""The HTTP protocol of uvicorn with limits of size and time, and with an orderly close.

A violation is an error like any other: the protocol passes the application a request with the
error in the scope. The response then has an id, security headers, a log line and a problem as body.
"""

from itertools import chain
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from core.engine.http.refusing import RefusingConnection
from core.engine.http.request_validator import MAX_URL_BYTES
from core.engine.http.response_writer import ResponseWriter
from core.engine.http.slices import END_OF_HEAD, MAX_WAITING, SLICE_BYTES, pieces


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
            self.cycle.body = cast(Any, b"")
        elif isinstance(waiting, bytes):
            self.cycle.body = bytearray(waiting)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._awaiting_body = False
        if self._resumes:
            self._resumes, self.cycle.keep_alive = False, not self.cycle.response_started
        super().on_message_complete()

    # The application

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
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
