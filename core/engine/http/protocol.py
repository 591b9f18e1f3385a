"""The HTTP protocol of uvicorn with limits of size and time, and with an orderly close.

The application answers a violation like any other error: the protocol passes it a request with the
error in the scope. The response then has an id, security headers, a log line and a problem as body.
"""

from asyncio import BaseTransport, Event, Task, Transport
from collections.abc import Callable, Iterator
from itertools import chain
from re import compile as pattern
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from core.engine.http.connections import ReaderWatch, ServingState, drop
from core.engine.http.errors import (
    HeadersTooLarge,
    RequestTimeout,
    TooManyConnections,
    Unparsable,
    UriTooLong,
)
from core.engine.http.request_validator import MAX_HEADER_BYTES, MAX_URL_BYTES
from core.engine.http.response_writer import Flow, ResponseWriter
from core.kernel.errors import ProblemError

TARGET = pattern(rb"https?://([^/?#]+)([^#]*)")
NOTHING_KNOWN = {"method": "-", "path": "", "raw_path": b"", "query_string": b""}
MOST_WAITING = 16
"""The number of pipelined requests that may wait while an earlier one is answered."""
END_OF_HEAD = b"\r\n\r\n"
WAITING_BYTES = MOST_WAITING * len(b"GET / HTTP/1.1" + END_OF_HEAD)
"""At most MOST_WAITING requests can end within this number of bytes."""
SLICE_BYTES = 16_384
"""The largest piece that is parsed at once, so that an excess is detected one piece late at most.

A body of known length is not cut into pieces.
"""
LOOKS = 3
"""The number of checks within `write_timeout`."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. Times are in seconds; a single timer checks all of them."""

    max_connections = 1000
    """Per worker; an excess connection gets a 503 and has `excess_timeout` to send its request."""
    max_per_client = 250
    """The connections of one client IP (IPv6: of one /64), except for trusted proxies."""
    excess_timeout = 1.0
    header_timeout = 10.0
    body_timeout = 30.0
    """The longest pause within a body."""
    slow_window, slow_rate = 60.0, 1024
    """In each window of this length, a body must arrive at this rate (bytes per second)."""
    write_timeout = 30.0
    """The longest time in which a client takes nothing of its response.

    `slow_window` and `slow_rate` also apply to responses.
    """
    stopping_write_timeout = 5.0
    """The value of `write_timeout` once the server is asked to stop."""
    linger_timeout = 5.0
    """The time for which unread data is discarded, so that the client can read the response."""
    drained_bytes = 65_536
    """A body up to this size is read after its response, and the connection stays open."""

    # Slots: the attributes of uvicorn already fill the part of an instance dict that is fast.
    __slots__ = (
        "_awaiting_body",
        "_began",
        "_body_began",
        "_body_bytes",
        "_body_bytes_seen",
        "_body_end",
        "_counted",
        "_discarding",
        "_fault",
        "_head_bytes",
        "_heard",
        "_open_body",
        "_open_head",
        "_other_bytes",
        "_reader",
        "_resumes",
        "_running",
        "_sized",
        "_timer",
        "_unparsed",
        "_unstarted",
        "_window_began",
        "_window_bytes",
    )

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast(Transport, transport))
        self.flow = Flow(self.transport, self.pipeline, self.timeout_keep_alive)
        self._awaiting_body = self._discarding = False
        self._sized = False  # the body has a Content-Length: its bytes are all body
        self._resumes = False  # a complete body makes the connection reusable again
        self._head_bytes = self._body_bytes = self._body_bytes_seen = self._other_bytes = 0
        self._window_bytes = self._body_began = self._body_end = 0
        self._unparsed: Iterator[bytes] = iter(())
        self._heard = self._began = self._window_began = self.loop.time()
        self._open_head: Any = None
        self._open_body: Any = None
        self._unstarted: Task[None] | None = None  # of the current read; not running yet
        self._running: RequestResponseCycle | None = None  # `cycle` is of the last request
        self._fault: ProblemError | None = None
        self.scope = cast(Any, NOTHING_KNOWN)
        self._reader: ReaderWatch | None = None
        self._counted = self._enter()
        if not self._counted:
            self._fault = TooManyConnections()
            self.header_timeout = self.excess_timeout
        self._timer = self.loop.call_at(self._deadline(), self._check_deadline)

    def _enter(self) -> bool:
        """Return whether the connection is within the limits; abort it beyond twice the limit."""
        if len(self.connections) > 2 * self.max_connections:
            self.transport.abort()
        open_connections = cast(ServingState, self.server_state).open
        return open_connections.enter(self._peer, self.max_connections, self.max_per_client)

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        if self._counted:
            cast(ServingState, self.server_state).open.leave(self._peer)
        super().connection_lost(exc)
        if self._running and self._running is not self.cycle:
            disconnect(self._running)

    def shutdown(self) -> None:
        self._resumes, self._reader = False, None
        self.write_timeout = self.stopping_write_timeout
        super().shutdown()
        if self.transport.get_write_buffer_size():
            self._schedule_check(0)

    # Reading: for a request that arrives whole, this costs three comparisons and a clock reading

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        if self.pipeline:
            self._unparsed = chain(self._unparsed, pieces(data, body=0))
        elif fits_in_one_go(data) or len(data) <= self._body_left():
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

    # Responding

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
        self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._fault or Unparsable())

    def _refuse(self, error: ProblemError) -> None:
        """Send the error and close; only close if it could be taken for another response."""
        self._discarding = True
        if self._is_answering() and not self._awaiting_body:  # the error is in the next request
            self._close_after(self.cycle)
        elif self._awaiting_body and (self.cycle.response_started or self.pipeline):
            self.transport.close()
        else:
            if self._awaiting_body:
                self._abandon(self.cycle)
            self._answer(error)

    def _close_after(self, cycle: RequestResponseCycle) -> None:
        cycle.keep_alive = False
        cycle.transport = cast(Transport, HalfCloseTransport(self.transport, self._linger))

    def _abandon(self, cycle: RequestResponseCycle) -> None:
        if self._unstarted:
            self._unstarted.cancel()
        disconnect(cycle)

    def _answer(self, error: ProblemError) -> None:
        self._awaiting_body = False
        self.cycle = ResponseWriter(
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
        """Close at once, or first discard unread data.

        A close with unread data would reset the connection, and the response would be lost.
        """
        if not self._awaiting_body and not self._discarding:
            self.transport.close()
            return
        self._discarding, self._began = True, self.loop.time()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._schedule_check()

    # Time

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_held_up(self) -> bool:
        """Return whether the server, and not the client, delays the body."""
        return self.flow.read_paused or self.cycle.waiting_for_100_continue

    def _deadline(self) -> float:
        if self._is_answering() and (not self._awaiting_body or self._is_held_up()):
            self._heard = self._window_began = self.loop.time()
            return self._heard + self.body_timeout  # not a deadline: the time of the next check
        if self._discarding:
            return self._began + self.linger_timeout
        if "method" not in self.scope:
            return self._began + self.header_timeout
        if self._awaiting_body:
            return min(self._heard + self.body_timeout, self._window_began + self.slow_window)
        return self._heard + self.timeout_keep_alive

    def _check_deadline(self) -> None:
        now = self.loop.time()
        if self.transport.get_write_buffer_size():
            self._check_reader(now)
            return
        if self._reader:  # the client has just taken the whole response
            self._reader, self._heard, self._began = None, now, now
        if self.transport.is_closing():
            self.transport.abort()
        elif self._deadline() > now or self._keeps_pace(now):
            self._schedule_check()
        else:
            self._end()
            self._schedule_check(self.linger_timeout)

    def _check_reader(self, now: float) -> None:
        """Drop a client that takes its response too slowly; no other deadline applies meanwhile."""
        self._reader = self._reader or ReaderWatch(self.transport, cast(Flow, self.flow), now)
        if self._reader.is_stalled(now, self.write_timeout, self.slow_window, self.slow_rate):
            drop(self.transport)
        else:
            self._schedule_check(self.write_timeout / LOOKS)

    def pause_writing(self) -> None:
        super().pause_writing()
        soon = self.write_timeout / LOOKS
        if self._timer.when() > self.loop.time() + soon:
            self._schedule_check(soon)

    def _schedule_check(self, seconds: float | None = None) -> None:
        self._timer.cancel()
        at = self._deadline() if seconds is None else self.loop.time() + seconds
        self._timer = self.loop.call_at(at, self._check_deadline)

    def _keeps_pace(self, now: float) -> bool:
        """Return whether the body was fast enough in the window that ends; begin the next one."""
        if self._discarding or not self._awaiting_body or self._heard + self.body_timeout <= now:
            return False
        received = self._body_bytes - self._window_bytes
        self._window_began, self._window_bytes = now, self._body_bytes
        return received >= self.slow_rate * self.slow_window

    def _end(self) -> None:
        if self._discarding or ("method" in self.scope and not self._awaiting_body):
            self.transport.close()
        else:
            self._refuse(RequestTimeout())


class HalfCloseTransport:
    """The part of a transport that a response uses, with a `close` that first discards data."""

    def __init__(self, transport: Transport, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close


def disconnect(cycle: RequestResponseCycle) -> None:
    """Mark the client as disconnected and wake up the handler."""
    cycle.disconnected = True
    cycle.message_event.set()


def fits_in_one_go(data: bytes) -> bool:
    """Return whether the data contains so few requests that it can be parsed at once."""
    size = len(data)
    return size <= WAITING_BYTES or (size <= SLICE_BYTES and data.count(END_OF_HEAD) < MOST_WAITING)


def pieces(data: bytes, body: int) -> Iterator[bytes]:
    """Yield the first `body` bytes whole, and the rest in pieces that each fit in one go."""
    if body:
        yield data[:body]
    for start in range(body, len(data), SLICE_BYTES):
        piece = data[start : start + SLICE_BYTES]
        step = SLICE_BYTES if fits_in_one_go(piece) else WAITING_BYTES
        yield from (piece[at : at + step] for at in range(0, len(piece), step))
