"""The log writer: a thread writes the collected lines several times a second.

A request never waits for the disk or for the reader of the output, and many lines are one write. A
process that is killed loses the unwritten lines, of at most `every_s` seconds; a normal end writes
them. If `most` lines wait, further lines are dropped and counted.
"""

import os
import select
from collections import deque
from threading import Event, Lock, Thread

DROPPED_NOTICE = b'{"event":"log_lines_dropped","level":"warning","count":%d}'


class LogWriter:
    def __init__(self, fd: int = 1, every_s: float = 0.1, most: int = 100_000) -> None:
        self._fd, self._every_s, self._most = fd, every_s, most
        self._waiting: deque[bytes] = deque()
        self._dropped = 0
        self._broken_off = False
        self._writing = Lock()
        self._starting = Lock()
        self._wake = Event()
        self._closing = False
        self._thread: Thread | None = None

    @property
    def coloured(self) -> bool:
        """Return whether the output is a terminal and may be coloured (https://no-color.org)."""
        return os.isatty(self._fd) and not os.environ.get("NO_COLOR")

    def info(self, line: bytes) -> None:
        if len(self._waiting) >= self._most:
            self._dropped += 1
            return
        self._waiting.append(line)
        if self._thread is None:
            self._start()

    debug = warning = msg = info

    def error(self, line: bytes) -> None:
        self.info(line)
        self._wake.set()

    critical = fatal = exception = error

    def flush(self) -> None:
        with self._writing:
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            dropped, self._dropped = self._dropped, 0
            notice = [DROPPED_NOTICE % dropped] if dropped else []
            if lines or notice:
                self._write(lines, notice, dropped)

    def _write(self, lines: list[bytes], notice: list[bytes], dropped: int) -> None:
        """Write the lines, and count those that could not be written, e.g. on a full disk."""
        begin = [b""] if self._broken_off else []  # ends the line that broke off
        whole = write_all(self._fd, b"\n".join([*begin, *lines, *notice, b""]))
        self._broken_off = not whole
        if not whole:
            self._dropped += len(lines) + dropped

    def close(self, timeout_s: float = 2.0) -> None:
        """Write the rest, but wait at most `timeout_s` for the reader of the output."""
        thread = self._thread
        if thread is None:
            return
        self._closing = True
        self._wake.set()
        thread.join(timeout_s)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._closing = False
                self._thread = Thread(target=self._run, name="log", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(self._every_s)
            self._wake.clear()
            self.flush()
        self._thread = None  # first, so that a line from now on starts the next thread
        self.flush()


def write_all(fd: int, data: bytes) -> bool:
    """Write the data, and return whether all of it was written."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            select.select([], [fd], [], 1)
        except OSError:  # the reader has gone, or the disk is full
            return False
    return True
