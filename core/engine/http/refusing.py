"""The requests that a connection refuses, too large or malformed ones, and the end after them."""

from asyncio import Event, Transport
from collections.abc import Callable
from re import compile as pattern
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from core.engine.http.connection import NOTHING_KNOWN, disconnect
from core.engine.http.errors import HeadersTooLarge, Unparsable, UriTooLong
from core.engine.http.request_validator import MAX_HEADER_BYTES, MAX_URL_BYTES
from core.engine.http.response_writer import ResponseWriter
from core.engine.http.timing import TimedConnection
from core.kernel.errors import ProblemError

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope

TARGET = pattern(rb"https?://([^/?#]+)([^#]*)")


class RefusingConnection(TimedConnection):
    """Refuses requests, and closes without losing the response."""

    __slots__ = ()

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
            self._respond_with(error)

    def _close_after(self, cycle: RequestResponseCycle) -> None:
        cycle.keep_alive = False
        cycle.transport = cast(Transport, HalfCloseTransport(self.transport, self._linger))

    def _abandon(self, cycle: RequestResponseCycle) -> None:
        if self._unstarted:
            self._unstarted.cancel()
        disconnect(cycle)

    def _respond_with(self, error: ProblemError) -> None:
        self._awaiting_body = False
        self.cycle = ResponseWriter(
            scope=cast("HTTPScope", {**NOTHING_KNOWN, **self.scope, "refusal": error}),
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


class HalfCloseTransport:
    """The part of a transport that a response uses, with a `close` that first discards data."""

    def __init__(self, transport: Transport, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close
