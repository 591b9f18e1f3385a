"""What uvicorn's HTTP protocol leaves open: limits of size and time, and where a connection ends.

A fault is answered by the application, like any other refusal: the protocol makes a request of it
with the error in the scope, so it gets an id, safe headers, a log line and a problem as its body.
"""

from asyncio import BaseTransport, Event, Task, Transport
from collections.abc import Callable, Iterator
from itertools import chain
from re import compile as pattern
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from core.kernel.errors import ProblemError, Unavailable
from core.web.connections import ReaderWatch, ServingState, drop
from core.web.request_validator import (
    MAX_HEADER_BYTES,
    MAX_URL_BYTES,
    HeadersTooLarge,
    Unparsable,
    UriTooLong,
)
from core.web.response_writer import Flow, ResponseWriter

TARGET = pattern(rb"https?://([^/?#]+)([^#]*)")
NOTHING_KNOWN = {"method": "-", "path": "", "raw_path": b"", "query_string": b""}
MOST_WAITING = 16
"""The number of pipelined requests that may wait behind the one being answered."""
END_OF_HEAD = b"\r\n\r\n"
WAITING_BYTES = MOST_WAITING * len(b"GET / HTTP/1.1" + END_OF_HEAD)
"""No more requests than may wait can end in so many bytes."""
SLICE_BYTES = 16_384
"""What is parsed in one go, so that what is too large is noticed so much late at most."""
LOOKS = 3
"""The number of checks within the time in which a client may take nothing."""


class RequestTimeout(ProblemError):
    """Its head or its body came too slowly, or stopped coming."""

    status = 408
    code = "http.request_timeout"
    title = "The request took too long to arrive."


class TooManyConnections(Unavailable):
    """This process, or your client IP at it, has as many connections as it may have."""

    code = "http.too_many_connections"
    title = "Too many connections are open; try again shortly."


class HttpProtocol(HttpToolsProtocol):
    """One connection. Times are seconds; one timer looks now and then whether they are over."""

    max_connections = 1000
    """For each worker; those in excess are told so, and get little time to ask."""
    max_per_client = 250
    """The share of one IPv4 address or one IPv6 /64."""
    excess_timeout = 1.0
    header_timeout = 10.0
    body_timeout = 30.0
    """How long a body may pause."""
    slow_window, slow_rate = 60.0, 1024
    """In each such window a body must reach so many bytes per second."""
    write_timeout = 30.0
    """The time in which a client may take nothing of its response; window and rate hold too."""
    stopping_write_timeout = 5.0
    """The same, once the server is asked to stop."""
    linger_timeout = 5.0
    """How long to take in what nobody reads, so that its sender gets to read our answer."""
    drained_bytes = 65_536
    """A body up to this size is taken in after its answer, and the connection goes on."""

    # Slots, because uvicorn's own attributes fill what Python keeps fast in an instance's dict.
    __slots__ = (
        "_awaiting_body",
        "_began",
        "_body_began",
        "_body_bytes",
        "_body_bytes_seen",
        "_body_end",
        "_counted",
        "_deaf",
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
        self._awaiting_body = self._deaf = False
        self._sized = False  # what is awaited has a Content-Length, so it is nothing but body
        self._resumes = False  # once the body is through, the answer no longer ends the connection
        self._head_bytes = self._body_bytes = self._body_bytes_seen = self._other_bytes = 0
        self._window_bytes = self._body_began = self._body_end = 0
        self._unparsed: Iterator[bytes] = iter(())
        self._heard = self._began = self._window_began = self.loop.time()
        self._open_head: Any = None
        self._open_body: Any = None
        self._unstarted: Task[None] | None = None  # came with this very read: has not run yet
        self._running: RequestResponseCycle | None = None  # uvicorn's `cycle` is what came last
        self._fault: ProblemError | None = None
        self.scope = cast(Any, NOTHING_KNOWN)
        self._reader: ReaderWatch | None = None
        self._counted = self._enter()
        if not self._counted:
            self._fault = TooManyConnections()
            self.header_timeout = self.excess_timeout
        self._timer = self.loop.call_at(self._deadline(), self._look)

    def _enter(self) -> bool:
        """Refuse excess connections; drop them without a response beyond twice the limit."""
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
            self._look_anew(0)

    # Reading: a request that comes whole pays for three comparisons, and for noting the time

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
        """Parse what came, until a request has to wait; go on when none waits any more."""
        while not self.pipeline:
            if (piece := next(self._unparsed, None)) is None:
                return
            self._read(piece)

    def _read(self, data: bytes) -> None:
        if self._deaf:
            return
        super().data_received(data)
        if self._awaiting_body:
            self._check_body(len(data))
        elif "method" not in self.scope:
            self._check_head(len(data))

    def _check_head(self, size: int) -> None:
        """What the head began with may have been the end of a body: one slice is to spare."""
        if self._open_head is not self.scope:
            self._open_head, self._head_bytes, self._began = self.scope, 0, self._heard
            self._look_anew()
        else:
            self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES + MAX_URL_BYTES:
            self._refuse(UriTooLong() if len(self.url) > MAX_URL_BYTES else HeadersTooLarge())

    def _check_body(self, size: int) -> None:
        """Extensions of chunks and trailers are no body, and nothing else limits them."""
        if self._open_body is not self.cycle:
            self._await_body()
        elif self._body_bytes == self._body_bytes_seen:
            self._other_bytes += size
        self._body_bytes_seen = self._body_bytes
        if self._other_bytes > MAX_HEADER_BYTES:
            self._refuse(HeadersTooLarge())

    def _await_body(self) -> None:
        """An answer that comes before a long body's end is the last on its connection.

        Likewise where the client waits for 100 Continue: it may send the body or not.
        """
        length = dict(self.scope["headers"]).get(b"content-length")
        self._open_body, self._sized, self._other_bytes = self.cycle, length is not None, 0
        self._body_end = self._body_began + int(length or 0)
        self._window_began, self._window_bytes = self._heard, self._body_bytes
        self.cycle.transport = cast(Transport, HalfCloseTransport(self.transport, self._linger))
        if not length or int(length) > self.drained_bytes or self.expect_100_continue:
            self._resumes, self.cycle.keep_alive = self.cycle.keep_alive, False
        self._look_anew()

    # What the parser finds

    def on_headers_complete(self) -> None:
        url = self.url
        if self._fault or url[:1] != b"/" or len(url) > MAX_URL_BYTES or b"#" in url:
            self._check_target()
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":  # which uvicorn never keeps alive
            self.cycle.keep_alive = self.parser.should_keep_alive()
        self._awaiting_body, self._body_began = True, self._body_bytes
        self.headers = []  # trailers come the same way, and are no header fields

    def on_body(self, body: bytes) -> None:
        """A piece that comes alone is passed on as it is; uvicorn would copy it twice."""
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
        """An absolute address may only name the host that Host names (RFC 9112, 3.2.2)."""
        if len(self.url) > MAX_URL_BYTES:
            self._fault = UriTooLong()
        if self._fault:
            raise self._fault
        if self.url == b"*" and self.parser.get_method() == b"OPTIONS":
            self.url = b"/"
        elif (found := TARGET.fullmatch(self.url)) and (b"host", found[1]) in self.headers:
            self.url = found[2] if found[2].startswith(b"/") else b"/" + found[2]
        else:
            raise Unparsable

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
        cycle.__class__, self._running = ResponseWriter, cycle  # of its own kind uvicorn makes it
        self._unstarted = task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """uvicorn would set a timer after each answer, and stop it at the next request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._heard = self.loop.time()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            self._began = self._heard  # of a head that could not be read on before
            self._read_on()
            self._unstarted = None
        elif self._timer.when() > self._heard + self.timeout_keep_alive:
            self._look_anew()
        self.flow.resume_reading()

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
        """Closing with unread bytes would reset the connection, and with it our answer."""
        if not self._awaiting_body and not self._deaf:
            self.transport.close()
            return
        self._deaf, self._began = True, self.loop.time()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._look_anew()

    # Time

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_held_up(self) -> bool:
        """It is not the client who keeps the body waiting."""
        return self.flow.read_paused or self.cycle.waiting_for_100_continue

    def _deadline(self) -> float:
        if self._is_answering() and (not self._awaiting_body or self._is_held_up()):
            self._heard = self._window_began = self.loop.time()
            return self._heard + self.body_timeout  # not its end: when to look again
        if self._deaf:
            return self._began + self.linger_timeout
        if "method" not in self.scope:
            return self._began + self.header_timeout
        if self._awaiting_body:
            return min(self._heard + self.body_timeout, self._window_began + self.slow_window)
        return self._heard + self.timeout_keep_alive

    def _look(self) -> None:
        now = self.loop.time()
        if self.transport.get_write_buffer_size():
            self._look_at_reader(now)
            return
        if self._reader:  # has taken all of it just now
            self._reader, self._heard, self._began = None, now, now
        if self.transport.is_closing():
            self.transport.abort()
        elif self._deadline() > now or self._keeps_pace(now):
            self._look_anew()
        else:
            self._end()
            self._look_anew(self.linger_timeout)

    def _look_at_reader(self, now: float) -> None:
        """No other deadline counts while an answer waits to be taken."""
        self._reader = self._reader or ReaderWatch(self.transport, cast(Flow, self.flow), now)
        if self._reader.is_stalled(now, self.write_timeout, self.slow_window, self.slow_rate):
            drop(self.transport)
        else:
            self._look_anew(self.write_timeout / LOOKS)

    def pause_writing(self) -> None:
        super().pause_writing()
        soon = self.write_timeout / LOOKS
        if self._timer.when() > self.loop.time() + soon:
            self._look_anew(soon)

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
        if self._deaf or ("method" in self.scope and not self._awaiting_body):
            self.transport.close()
        else:
            self._refuse(RequestTimeout())


class HalfCloseTransport:
    """A transport that does not close at once: what the answer needs of one, and no more."""

    def __init__(self, transport: Transport, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close


def disconnect(cycle: RequestResponseCycle) -> None:
    """Tell the handler that nothing it still sends has a receiver."""
    cycle.disconnected = True
    cycle.message_event.set()


def fits_in_one_go(data: bytes) -> bool:
    """Return whether parsing all of it at once takes in no more requests than may wait."""
    size = len(data)
    return size <= WAITING_BYTES or (size <= SLICE_BYTES and data.count(END_OF_HEAD) < MOST_WAITING)


def pieces(data: bytes, body: int) -> Iterator[bytes]:
    """The first `body` bytes whole; the rest in pieces of which each fits in one go."""
    if body:
        yield data[:body]
    for start in range(body, len(data), SLICE_BYTES):
        piece = data[start : start + SLICE_BYTES]
        step = SLICE_BYTES if fits_in_one_go(piece) else WAITING_BYTES
        yield from (piece[at : at + step] for at in range(0, len(piece), step))
