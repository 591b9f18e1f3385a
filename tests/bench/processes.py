"""Measured servers: each on its own core, with the CPU time of its whole process tree."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import clock_gettime_ns, perf_counter, sleep

import psutil

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / ".bench"
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
LONGEST_START_S = 60.0
MB = 1024 * 1024  # as ps and top count, and the measurements the targets come from


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Start processes on this core within the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Server:
    """A server that listens on a free port of the loopback until the block ends."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        ready: str = "/",
    ) -> None:
        self.name, self.port = name, free_port()
        self._command = [each.format(port=self.port) for each in command]
        self._environment = {"PORT": str(self.port), **(environment or {})}
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None
        self.start_s = 0.0

    @property
    def log(self) -> Path:
        return RESULTS / f"{self.name}.log"

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} has not been started."
        return self._process.pid

    def __enter__(self) -> "Server":
        RESULTS.mkdir(exist_ok=True)
        begun = perf_counter()
        with self.log.open("wb") as log, pinned(SERVER_CORE):
            self._process = subprocess.Popen(
                self._command,
                env=plain_environment() | self._environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._await_ready(begun + LONGEST_START_S)
        except BaseException:
            self.stop()
            raise
        self.start_s = perf_counter() - begun
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def cpu_ns(self) -> int:
        """Return the CPU time of the process and its children in nanoseconds."""
        return sum(cpu_ns_of(process.pid) for process in self._tree())

    def rss_mb(self) -> float:
        return sum(process.memory_info().rss for process in self._tree()) / MB

    def peak_mb(self) -> float:
        """Return the most resident memory since `forget_peak`, in MB."""
        return sum(status_kb(process.pid, "VmHWM") for process in self._tree()) * 1024 / MB

    def forget_peak(self) -> None:
        for process in self._tree():
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        tree = self._tree()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            for each in tree:
                each.kill()
            self._process.wait()

    def _await_ready(self, until: float) -> None:
        while perf_counter() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if answers(self.port, self._ready):
                return
            sleep(0.005)
        raise RuntimeError(f"{self.name} did not start: see {self.log.relative_to(ROOT)}.")

    def _tree(self) -> list[psutil.Process]:
        own = psutil.Process(self.pid)
        return [own, *own.children(recursive=True)]


def uvicorn(app: str) -> list[str]:
    """Return the command of the baselines' server, with the options of the service."""
    options = "--loop uvloop --http httptools --no-access-log --log-level warning --port {port}"
    return [sys.executable, "-m", "uvicorn", app, *options.split()]


def plain_environment() -> dict[str, str]:
    """Return the environment without the settings of the developer."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def cpu_ns_of(pid: int) -> int:
    """Return the time of its CPU clock, which other processes cannot slow down."""
    try:
        return clock_gettime_ns(~pid << 3 | 2)
    except OSError:  # it has ended
        return 0


def status_kb(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0
