"""The deadlines of a connection."""

from abc import abstractmethod
from asyncio import BaseTransport

from core.engine.http.connection import Connection
from core.engine.http.connections import ReaderWatch, drop
from core.engine.http.errors import RequestTimeout
from core.kernel.errors import ProblemError

LOOKS = 3
"""The number of checks within `write_timeout`."""


class TimedConnection(Connection):
    """Ends a connection whose client is too slow; a single timer checks all deadlines."""

    __slots__ = ()

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._timer = self.loop.call_at(self._deadline(), self._check_deadline)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._reader, self.write_timeout = None, self.stopping_write_timeout
        super().shutdown()
        if self.transport.get_write_buffer_size():
            self._schedule_check(0)

    def _deadline(self) -> float:
        if self._is_answering() and (
            not self._awaiting_body or self.flow.read_paused or self.cycle.waiting_for_100_continue
        ):  # the server, and not the client, delays the body
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
        self._reader = self._reader or ReaderWatch(self.transport, self.flow, now)
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

    @abstractmethod
    def _refuse(self, error: ProblemError) -> None:
        """Send the error and close."""
