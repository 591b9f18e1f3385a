"""The responses of a connection, those to requests that the protocol refuses included."""

from abc import abstractmethod
from asyncio import Event, Transport
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from core.engine.http.connection import NOTHING_KNOWN, disconnect
from core.engine.http.errors import Unparsable
from core.engine.http.response_writer import ResponseWriter
from core.engine.http.timing import TimedConnection
from core.kernel.errors import ProblemError


class RespondingConnection(TimedConnection):
    """Starts the application for a request, and closes without losing the response."""

    __slots__ = ()

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

    @abstractmethod
    def _read_on(self) -> None:
        """Read the requests that waited for the response."""


class HalfCloseTransport:
    """The part of a transport that a response uses, with a `close` that first discards data."""

    def __init__(self, transport: Transport, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close
