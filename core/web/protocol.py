"""What uvicorn's HTTP protocol leaves open: limits of size and time, and where a connection ends.

A fault is answered by the application, like any other refusal: the protocol makes a request of it
with the error in the scope, so it gets an id, safe headers, a log line and a problem as its body.
"""

from asyncio import BaseTransport, Event, Task, Transport
from collections.abc import Callable
from re import compile as pattern
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from core.kernel.errors import BadRequest, ProblemError, Unavailable
from core.web.admission import MAX_HEADER_BYTES, MAX_URL_BYTES, HeadersTooLarge, UriTooLong

ABSOLUTE = pattern(rb"https?://([^/?]+)(.*)")
NOTHING_KNOWN = {"method": "-", "path": "", "raw_path": b"", "query_string": b""}


class Unparsable(BadRequest):
    code = "http.unparsable"
    title = "This is not an HTTP/1.1 request with one meaning."


class RequestTimeout(ProblemError):
    status = 408
    code = "http.request_timeout"
    title = "The request took too long to arrive."


class TooManyConnections(Unavailable):
    code = "http.too_many_connections"
    title = "Too many connections are open; try again shortly."


class HttpProtocol(HttpToolsProtocol):
    """One connection. Times are seconds; one timer looks now and then whether they are over."""

    max_connections = 1000
    """For each worker; those in excess are told so, and get little time to ask."""
    excess_timeout = 1.0
    header_timeout = 10.0
    keep_alive_timeout = 15.0
    body_timeout = 30.0
    """How long a body may pause."""
    slow_window, slow_rate = 60.0, 1024
    """In each such window a body must reach so many bytes per second."""
    linger_timeout = 5.0
    """How long to take in what nobody reads, so that its sender gets to read our answer."""
    drained_bytes = 65_536
    """A body up to this size is taken in after its answer, and the connection goes on."""
    slice_bytes = 16_384
    """What is parsed in one go, so that what is too large is noticed so much late at most."""

    _heading = _awaiting_body = _deaf = False
    _sized: bool | None = None
    """Whether the body that is awaited has a Content-Length, and so nothing in it but body."""
    _resumes = False
    """Once the body is through, the answer no longer ends the connection."""
    _head_bytes = _body_bytes = _other_bytes = _window_bytes = 0
    _heard = _began = _window_began = 0.0
    _fault: ProblemError | None = None
    _unstarted: Task[None] | None = None
    """The request that came with this very read: its handler has not run yet."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast(Transport, transport))
        if len(self.connections) > self.max_connections:
            self._fault = TooManyConnections()
            self.header_timeout = self.keep_alive_timeout = self.excess_timeout
        self.timeout_keep_alive = cast(int, self.keep_alive_timeout)
        self._heard = self.loop.time()
        self._timer = self.loop.call_at(self._deadline(), self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._resumes = False
        super().shutdown()

    # Reading

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        if len(data) <= self.slice_bytes or (self._awaiting_body and self._sized):
            self._read(data)
        else:
            for start in range(0, len(data), self.slice_bytes):
                self._read(data[start : start + self.slice_bytes])
        self._unstarted = None

    def _read(self, data: bytes) -> None:
        if self._deaf:
            return
        heading, body_bytes = self._heading, self._body_bytes
        super().data_received(data)
        if self._heading:
            self._check_head(len(data) if heading else 0)
        elif self._awaiting_body:
            self._check_body(0 if heading or self._body_bytes > body_bytes else len(data))

    def _check_head(self, more: int) -> None:
        """Only what is nothing but head counts, so one slice is to spare."""
        self._head_bytes += more
        if self._head_bytes > MAX_HEADER_BYTES + MAX_URL_BYTES:
            self._refuse(UriTooLong() if len(self.url) > MAX_URL_BYTES else HeadersTooLarge())
        else:
            self._look_anew()

    def _check_body(self, more: int) -> None:
        """Extensions of chunks and trailers are no body, and nothing else limits them."""
        self._other_bytes += more
        if self._other_bytes > MAX_HEADER_BYTES:
            self._refuse(HeadersTooLarge())
        elif self._sized is None:
            self._await_body()
            self._look_anew()

    def _await_body(self) -> None:
        """An answer that comes before a long body's end is the last on its connection.

        Likewise where the client waits for 100 Continue: it may send the body or not.
        """
        length = dict(self.scope["headers"]).get(b"content-length")
        self._sized = length is not None
        self.cycle.transport = cast(Transport, Lingering(self.transport, self._linger))
        if not length or int(length) > self.drained_bytes or self.expect_100_continue:
            self._resumes, self.cycle.keep_alive = self.cycle.keep_alive, False

    # What the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heading, self._head_bytes, self._began = True, 0, self._heard

    def on_headers_complete(self) -> None:
        if len(self.url) > MAX_URL_BYTES:
            self._fault = UriTooLong()
        if self._fault:
            raise self._fault
        if not self.url.startswith(b"/"):
            self.url = self._origin_form()
        super().on_headers_complete()
        self._heading, self._awaiting_body, self._resumes, self._sized = False, True, False, None
        self._body_bytes = self._other_bytes = self._window_bytes = 0
        self._window_began = self._heard
        self.headers = []  # trailers come the same way, and are no header fields
        if self.scope["http_version"] == "0.9" or b"#" in self.url:
            raise Unparsable

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._awaiting_body = False
        if self._resumes and not self.cycle.response_started:
            self.cycle.keep_alive = True
        super().on_message_complete()

    def _origin_form(self) -> bytes:
        """The path of an absolute address, whose host Host must name too (RFC 9112, 3.2.2)."""
        if self.url == b"*" and self.parser.get_method() == b"OPTIONS":
            return b"/"
        absolute = ABSOLUTE.fullmatch(self.url)
        if not absolute or (b"host", absolute[1]) not in self.headers:
            raise Unparsable
        return absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]

    def _unsupported_upgrade_warning(self) -> None:
        """The parser takes what follows for another protocol, so a body would be lost."""
        fields = dict(self.scope["headers"])
        if b"transfer-encoding" in fields or fields.get(b"content-length", b"0") != b"0":
            self._awaiting_body = True
            self._refuse(Unparsable())
        else:
            self.cycle.keep_alive, self._deaf = False, True

    # Answering

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._unstarted = task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        self._heard = self._began = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._fault or Unparsable())

    def _refuse(self, error: ProblemError) -> None:
        """Answer and close, if the answer cannot be taken for that of another request."""
        self._deaf = True
        if self._is_answering() and not self._awaiting_body:  # the fault is in the next request
            self._close_after(self.cycle)
        elif self._awaiting_body and (self.cycle.response_started or self.pipeline):
            self.transport.close()
        else:
            if self._awaiting_body:
                self._abandon(self.cycle)
            self._answer(error)

    def _close_after(self, cycle: RequestResponseCycle) -> None:
        cycle.keep_alive = False
        cycle.transport = cast(Transport, Lingering(self.transport, self._linger))

    def _abandon(self, cycle: RequestResponseCycle) -> None:
        if self._unstarted:
            self._unstarted.cancel()
        cycle.disconnected = True
        cycle.message_event.set()

    def _answer(self, error: ProblemError) -> None:
        self._heading = self._awaiting_body = False
        self.cycle = RequestResponseCycle(
            scope=cast(Any, {**NOTHING_KNOWN, **self.scope, "refusal": error}),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )
        self.cycle.more_body = False
        self._close_after(self.cycle)
        self._start_asgi_task(self.cycle, self.app)

    def _linger(self) -> None:
        """Closing with unread bytes would reset the connection, and with it our answer."""
        if not self._awaiting_body and not self._deaf:
            self.transport.close()
            return
        self._deaf = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._look_anew(self.linger_timeout)

    # Time

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_held_up(self) -> bool:
        """It is not the client who keeps the body waiting."""
        return self.flow.read_paused or self.cycle.waiting_for_100_continue

    def _deadline(self) -> float:
        if self._is_answering() and (not self._awaiting_body or self._is_held_up()):
            self._heard = self._window_began = self.loop.time()
            return self._heard + self.keep_alive_timeout  # not its end: when to look again
        if self._deaf:
            return self._began + self.linger_timeout
        if self._heading:
            return self._began + self.header_timeout
        if self._awaiting_body:
            return min(self._heard + self.body_timeout, self._window_began + self.slow_window)
        return self._heard + self.keep_alive_timeout

    def _look(self) -> None:
        now = self.loop.time()
        if self.transport.is_closing():
            self.transport.abort()
        elif self._deadline() > now or self._keeps_pace(now):
            self._look_anew()
        else:
            self._end()
            self._look_anew(self.linger_timeout)

    def _look_anew(self, seconds: float | None = None) -> None:
        self._timer.cancel()
        at = self._deadline() if seconds is None else self.loop.time() + seconds
        self._timer = self.loop.call_at(at, self._look)

    def _keeps_pace(self, now: float) -> bool:
        """At the end of a window: what came in it was enough, and the next one begins."""
        if self._deaf or not self._awaiting_body or self._heard + self.body_timeout <= now:
            return False
        came = self._body_bytes - self._window_bytes
        self._window_began, self._window_bytes = now, self._body_bytes
        return came >= self.slow_rate * self.slow_window

    def _end(self) -> None:
        if self._heading or self._awaiting_body:
            self._refuse(RequestTimeout())
        else:
            self.transport.close()


class Lingering:
    """A transport that does not close at once: what the answer needs of one, and no more."""

    def __init__(self, transport: Transport, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close
