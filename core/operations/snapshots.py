"""What each worker of one server has counted: a file of its own, which outlives it.

So one scrape shows all of them, and no figure falls when a worker dies while the server lives.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from time import time_ns

import psutil

SUFFIX = ".json"


class Snapshots:
    def __init__(self, folder: Path, server: int) -> None:
        """`server` is the process whose workers these are."""
        self._folder, self._server = folder / str(server), server
        self._own = self._folder / f"{os.getpid()}-{time_ns()}{SUFFIX}"

    def keep(self, counted: bytes) -> None:
        """Whoever reads finds it whole, or the one before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = self._own.with_suffix(".new")
        aside.write_bytes(counted)
        aside.replace(self._own)

    def of_others(self) -> Iterator[bytes]:
        """Dead ones too."""
        for file in self._folder.glob(f"*{SUFFIX}"):
            if file != self._own:
                yield file.read_bytes()

    def living(self) -> Iterable[int]:
        """The workers' processes."""
        pids = {int(file.name.partition("-")[0]) for file in self._folder.glob(f"*{SUFFIX}")}
        return sorted(pid for pid in pids if self._is_worker(pid))

    def _is_worker(self, pid: int) -> bool:
        try:
            return psutil.Process(pid).ppid() == self._server
        except psutil.NoSuchProcess:
            return False


def forget_dead_servers(folder: Path) -> None:
    """And one whose number this process, which has no workers yet, has now."""
    for each in folder.glob("*"):
        with suppress(ValueError):
            pid = int(each.name)
            if pid == os.getpid() or not psutil.pid_exists(pid):
                rmtree(each, ignore_errors=True)
