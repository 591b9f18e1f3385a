"""Several processes that serve one port: kept alive while they should be, stopped together."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Any

import structlog

log = structlog.get_logger(__name__)

SPAWN = get_context("spawn")
STABLE_S = 10.0
"""A worker that lived so long died of something else than its start."""
LONGEST_PAUSE_S = 30.0
Work = Callable[[socket.socket, Connection], None]


class Worker:
    def __init__(self, work: Work, listener: socket.socket) -> None:
        self.started, theirs = SPAWN.Pipe(duplex=False)
        self.process = SPAWN.Process(target=work, args=(listener, theirs))
        with uninterrupted():
            self.process.start()
        theirs.close()
        self.since, self.ready = monotonic(), False

    def listen(self) -> None:
        """It says one thing: that it accepts requests."""
        with suppress(EOFError):
            self.started.recv()
            self.ready = True
        self.started.close()


class Workers:
    def __init__(
        self,
        work: Work,
        count: int,
        listener: socket.socket,
        delay_s: float,
        patience_s: float,
        ready: Callable[[], None],
    ) -> None:
        """`ready` is called once, when all of them are for the first time.

        `delay_s` is how long they go on when they are asked to stop, unless they are asked again;
        `patience_s` is what they get then to stop by themselves.
        """
        self._work, self._count, self._listener = work, count, listener
        self._delay_s, self._patience_s, self._ready = delay_s, patience_s, ready
        self._greeted = False
        self._workers: list[Worker] = []
        self._signals = 0
        self._woken, self._waker = SPAWN.Pipe(duplex=False)
        self._pause_s, self._not_before = 0.0, 0.0

    def run(self) -> int:
        """The exit status, once all have ended."""
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self._signalled)
        while not self._signals:
            self._fill_up()
            self._wait_for_news()
            if not all(self._has_lived(each) for each in self._dead()):
                return self._stop(1)
            self._greet()
        return self._stop(0)

    def _signalled(self, *_: Any) -> None:
        self._signals += 1
        self._waker.send(None)

    def _fill_up(self) -> None:
        while len(self._workers) < self._count and monotonic() >= self._not_before:
            self._workers.append(Worker(self._work, self._listener))

    def _wait_for_news(self, timeout: float | None = None) -> None:
        if timeout is None and len(self._workers) < self._count:
            timeout = max(0.0, self._not_before - monotonic())
        pipes = {each.started: each for each in self._workers if not each.started.closed}
        sentinels = [each.process.sentinel for each in self._workers]
        for news in wait([self._woken, *pipes, *sentinels], timeout):
            if news is self._woken:
                self._woken.recv()
            elif isinstance(news, Connection):
                pipes[news].listen()

    def _dead(self) -> list[Worker]:
        """Each is asked once: it may die between two questions."""
        before = self._workers
        self._workers = [each for each in before if each.process.is_alive()]
        return [each for each in before if each not in self._workers]

    def _has_lived(self, worker: Worker) -> bool:
        """False when it is no use to start another: not one of the first came up."""
        if self._signals:
            return True
        code = worker.process.exitcode
        if not worker.ready and not self._greeted:
            log.error("worker_did_not_start", pid=worker.process.pid, exit_code=code)
            return False
        lived = monotonic() - worker.since
        self._not_before = monotonic() + (0.0 if lived >= STABLE_S else self._pause_s)
        self._pause_s = 0.0 if lived >= STABLE_S else min(LONGEST_PAUSE_S, self._pause_s * 2 or 1.0)
        log.error("worker_died", pid=worker.process.pid, exit_code=code, replaced=True)
        return True

    def _greet(self) -> None:
        if not self._greeted and len(self._workers) == sum(each.ready for each in self._workers):
            self._greeted = True
            self._ready()

    def _stop(self, status: int) -> int:
        """Another signal ends the delay; one after that, or taking too long, kills what is left."""
        self._listener.close()
        if self._delay_s:
            self._tell(BaseProcess.terminate, 1.0 if status else self._delay_s)
        self._tell(BaseProcess.terminate, self._patience_s)
        while self._workers:
            self._tell(BaseProcess.kill, 1.0)
        return status

    def _tell(self, order: Callable[[BaseProcess], None], patience_s: float) -> None:
        """Wait then until all have ended, another signal comes, or the time is over."""
        signals, last = self._signals, monotonic() + patience_s
        for each in self._workers:
            order(each.process)
        while self._workers and self._signals == signals and monotonic() < last:
            self._wait_for_news(max(0.0, last - monotonic()))
            self._dead()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """What is started within never hears Ctrl-C, which goes to all: its parent tells it to stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
