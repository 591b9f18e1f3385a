"""Worker processes that serve one port, are replaced when they die, and stop together."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic

import structlog

log = structlog.get_logger(__name__)

SPAWN = get_context("spawn")
STABLE_S = 10.0
"""A worker that ran for this time did not die because of its start."""
MAX_PAUSE_S = 30.0
Work = Callable[[socket.socket, Connection], None]


class Worker:
    def __init__(self, work: Work, listener: socket.socket) -> None:
        self.started, sender = SPAWN.Pipe(duplex=False)
        self.process = SPAWN.Process(target=work, args=(listener, sender))
        with uninterrupted():
            self.process.start()
        sender.close()
        self.since, self.ready = monotonic(), False

    def listen(self) -> None:
        """Receive the only message of the worker: it accepts requests."""
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
        """Prepare the workers; `ready` is called once, as soon as all of them accept requests.

        `delay_s` is how long they continue after a signal; a second signal ends this delay.
        `patience_s` is how long they may then take to stop before they are killed.
        """
        self._work, self._count, self._listener = work, count, listener
        self._delay_s, self._patience_s, self._ready = delay_s, patience_s, ready
        self._reported_ready = False
        self._workers: list[Worker] = []
        self._signals = 0
        self._woken, self._waker = SPAWN.Pipe(duplex=False)
        self._pause_s, self._not_before = 0.0, 0.0

    def run(self) -> int:
        """Run the workers until all have ended, and return the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._signalled)
        while not self._signals:
            self._fill_up()
            self._wait_for_events()
            if not all(self._may_replace(worker) for worker in self._remove_dead()):
                return self._stop(1)
            self._report_ready()
        return self._stop(0)

    def _signalled(self, *_: object) -> None:
        self._signals += 1
        self._waker.send(None)

    def _fill_up(self) -> None:
        while len(self._workers) < self._count and monotonic() >= self._not_before:
            self._workers.append(Worker(self._work, self._listener))

    def _wait_for_events(self, timeout: float | None = None) -> None:
        if timeout is None and len(self._workers) < self._count:
            timeout = max(0.0, self._not_before - monotonic())
        pipes = {it.started: it for it in self._workers if not it.started.closed}
        sentinels = [worker.process.sentinel for worker in self._workers]
        for event in wait([self._woken, *pipes, *sentinels], timeout):
            if event is self._woken:
                self._woken.recv()
            elif isinstance(event, Connection):
                pipes[event].listen()

    def _remove_dead(self) -> list[Worker]:
        """Remove and return the dead workers; check each once, because it may die meanwhile."""
        before = self._workers
        self._workers = [worker for worker in before if worker.process.is_alive()]
        return [worker for worker in before if worker not in self._workers]

    def _may_replace(self, worker: Worker) -> bool:
        """Return whether to replace a dead worker: not if it failed before all were ready once."""
        if self._signals:
            return True
        code = worker.process.exitcode
        if not worker.ready and not self._reported_ready:
            log.error("worker_did_not_start", pid=worker.process.pid, exit_code=code)
            return False
        lived = monotonic() - worker.since
        self._not_before = monotonic() + (0.0 if lived >= STABLE_S else self._pause_s)
        self._pause_s = 0.0 if lived >= STABLE_S else min(MAX_PAUSE_S, self._pause_s * 2 or 1.0)
        log.error("worker_died", pid=worker.process.pid, exit_code=code, replaced=True)
        return True

    def _report_ready(self) -> None:
        if not self._reported_ready and len(self._workers) == sum(it.ready for it in self._workers):
            self._reported_ready = True
            self._ready()

    def _stop(self, status: int) -> int:
        """Stop all workers, and return the status.

        A further signal ends the delay. The next one, or the end of `patience_s`, kills the rest.
        """
        self._listener.close()
        if self._delay_s:
            self._order_all(BaseProcess.terminate, 1.0 if status else self._delay_s)
        self._order_all(BaseProcess.terminate, self._patience_s)
        while self._workers:
            self._order_all(BaseProcess.kill, 1.0)
        return status

    def _order_all(self, order: Callable[[BaseProcess], None], patience_s: float) -> None:
        """Give the order, and wait until all have ended, a signal comes, or the time is over."""
        signals, last = self._signals, monotonic() + patience_s
        for worker in self._workers:
            order(worker.process)
        while self._workers and self._signals == signals and monotonic() < last:
            self._wait_for_events(max(0.0, last - monotonic()))
            self._remove_dead()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Block SIGINT in processes that start in this block, because their parent stops them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
