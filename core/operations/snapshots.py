"""The counters of each worker of one server, in a file that remains when the worker ends.

One scrape therefore has the counters of all workers, and no counter falls when a worker ends while
the server runs. `psutil` is imported where a process is looked up, which one worker never does.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from time import time_ns

SUFFIX = ".json"


class Snapshots:
    def __init__(self, folder: Path, server: int) -> None:
        """Use the folder of `server`, the pid of the parent process of the workers."""
        self._folder, self._server = folder / str(server), server
        self._own = self._folder / f"{os.getpid()}-{time_ns()}{SUFFIX}"

    def keep(self, counted: bytes) -> None:
        """Replace the file in one step, so that a reader never finds an incomplete one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._own.with_suffix(".new")
        new.write_bytes(counted)
        new.replace(self._own)

    def of_others(self) -> Iterator[bytes]:
        """Yield the counters of the other workers, including those that have ended."""
        for file in self._folder.glob(f"*{SUFFIX}"):
            if file != self._own:
                yield file.read_bytes()

    def worker_pids(self) -> Iterable[int]:
        """Return the pids of the running workers."""
        pids = {int(file.name.partition("-")[0]) for file in self._folder.glob(f"*{SUFFIX}")}
        return sorted(pid for pid in pids if self._is_worker(pid))

    def _is_worker(self, pid: int) -> bool:
        import psutil

        try:
            return psutil.Process(pid).ppid() == self._server
        except psutil.NoSuchProcess:
            return False


def forget_dead_servers(folder: Path) -> None:
    """Delete the folders of servers that have ended.

    A folder with the pid of this process is also deleted: this process has no workers yet.
    """
    for server in folder.glob("*"):
        with suppress(ValueError):
            pid = int(server.name)
            if pid == os.getpid() or not is_running(pid):
                rmtree(server, ignore_errors=True)


def is_running(pid: int) -> bool:
    from psutil import pid_exists

    return pid_exists(pid)
