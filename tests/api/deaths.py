"""The files that a process leaves when it dies, also during a write of SQLite itself.

After the death of a process a file has the beginning of the write. After a power failure it may
have any part of the data that was not flushed.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

from pydantic import SecretStr

from config.settings import Settings

DATABASE, LOG = "atrium.db", "atrium.db-wal"
PAGE, LOG_HEADER, FRAME_HEADER = 4096, 32, 24
"""Sizes in the database file and in its write-ahead log, in bytes (sqlite.org/fileformat2.html)."""
Span = tuple[int, int]


class Copies:
    """Copies of the data folder, each as a process that dies now leaves it."""

    def __init__(self, data_dir: Path, folder: Path) -> None:
        self._data_dir, self._folder = data_dir, folder
        self.made: list[Path] = []

    def take(self, number: int) -> None:
        copy = self._folder / str(number)
        copy_of(self._data_dir, copy)
        self.made.append(copy)


def copy_of(source: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*-shm"))


@contextmanager
def opened(folder: Path, log: bytes | None = None) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a copy of the database, after a check of its integrity.

    A copy is opened because SQLite recovers a database when it opens it. `log` replaces the write-
    ahead log.
    """
    copy = folder.with_name("opened")
    copy_of(folder, copy)
    if log is not None:
        (copy / LOG).write_bytes(log)
    with closing(sqlite3.connect(copy / DATABASE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        yield connection


def moved(settings: Settings, folder: Path) -> Settings:
    """Return the settings of a process that uses the copied folder."""
    places = {
        "data_dir": folder,
        "database_url": SecretStr(f"sqlite:///{folder / DATABASE}"),
    }
    return settings.model_copy(update=places)


def put_log_into_file(folder: Path) -> None:
    """Reset the write-ahead log, so that the next write overwrites it from the start."""
    with closing(sqlite3.connect(folder / DATABASE, timeout=30)) as connection:
        [(busy, frames, done)] = connection.execute("PRAGMA wal_checkpoint(RESTART)")
        assert not busy and frames == done


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Refuse each write of this process beyond this size of a file, in bytes."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))


def torn_logs(old: bytes, new: bytes) -> Iterator[bytes]:
    """Yield the log after a death within each span that differs, then the log without that span."""
    spans = [each for each in spans_of(new) if differ(old, new, each)]
    for begin, end in spans:
        for cut in (begin, begin + FRAME_HEADER // 2, (begin + end) // 2, end - 1):
            yield new[:cut] + old[cut:]
    for begin, end in spans:
        yield new[:begin] + old[begin:end].ljust(end - begin, b"\0") + new[end:]


def torn_files(old: bytes, new: bytes) -> Iterator[bytes]:
    """Yield the database file after a death before each changed page, and within it."""
    for begin in range(0, len(new), PAGE):
        if differ(old, new, (begin, begin + PAGE)):
            for cut in (begin, begin + PAGE // 2):
                yield new[:cut] + old[cut:]


def flipped(log: bytes) -> Iterator[bytes]:
    """Yield the log with one flipped bit: in the header of each frame, then in its page."""
    for begin, end in spans_of(log):
        for at in (begin + 7, (begin + end) // 2):
            yield flipped_at(log, at)


def flipped_at(log: bytes, at: int) -> bytes:
    return log[:at] + bytes([log[at] ^ 1]) + log[at + 1 :]


def spans_of(log: bytes) -> list[Span]:
    """Return the spans of the log header and of each frame."""
    frame = FRAME_HEADER + PAGE
    return [(0, LOG_HEADER), *((at, at + frame) for at in range(LOG_HEADER, len(log), frame))]


def differ(old: bytes, new: bytes, span: Span) -> bool:
    return old[slice(*span)] != new[slice(*span)]
