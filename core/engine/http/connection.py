"""The state of one HTTP connection and its limits; the classes on it add reading and responding.

`Connection` ← `TimedConnection` ← `RefusingConnection` ← `HttpProtocol` are one protocol, a
subject in each file.
"""

from abc import ABC
from asyncio import BaseTransport, Task, Transport
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from core.engine.http.connections import ReaderWatch, ServingState
from core.engine.http.errors import TooManyConnections
from core.engine.http.response_writer import Flow
from core.kernel.errors import ProblemError

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope

NOTHING_KNOWN = {"method": "-", "path": "", "raw_path": b"", "query_string": b""}


class Connection(HttpToolsProtocol, ABC):
    """One connection: its limits, its state, its begin and its end. Times are in seconds."""

    flow: Flow
    server_state: ServingState
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
        self._open_head: object = None
        self._open_body: object = None
        self._unstarted: Task[None] | None = None  # of the current read; not running yet
        self._running: RequestResponseCycle | None = None  # `cycle` is of the last request
        self._fault: ProblemError | None = None
        self.scope = cast("HTTPScope", NOTHING_KNOWN)
        self._reader: ReaderWatch | None = None
        self._counted = self._enter()
        if not self._counted:
            self._fault = TooManyConnections()
            self.header_timeout = self.excess_timeout

    def _enter(self) -> bool:
        """Return whether the connection is within the limits; abort it beyond twice the limit."""
        if len(self.connections) > 2 * self.max_connections:
            self.transport.abort()
        return self.server_state.open.enter(self._peer, self.max_connections, self.max_per_client)

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._counted:
            self.server_state.open.leave(self._peer)
        super().connection_lost(exc)
        if self._running and self._running is not self.cycle:
            disconnect(self._running)

    def shutdown(self) -> None:
        self._resumes = False
        super().shutdown()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete


def disconnect(cycle: RequestResponseCycle) -> None:
    """Mark the client as disconnected and wake up the handler."""
    cycle.disconnected = True
    cycle.message_event.set()
