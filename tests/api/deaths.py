"""What a death leaves on the disk, also in the middle of one of SQLite's own writes.

A process that dies there has written a beginning. A machine that loses its power may have kept any
part of what was not flushed yet.
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
"""Of the database's file and of its write-ahead log, in bytes (sqlite.org/fileformat2.html)."""
Span = tuple[int, int]


class Copies:
    """Of everything on the disk, as a process that dies now leaves it to the next one."""

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
    """What the next process finds, all of it sound; with another log where one is given.

    Of a copy, for whoever opens a database mends it.
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
    """For a process that goes on from that copy."""
    places = {
        "data_dir": folder,
        "database_url": SecretStr(f"sqlite:///{folder / DATABASE}"),
    }
    return settings.model_copy(update=places)


def put_log_into_file(folder: Path) -> None:
    """What is written next begins the log anew, over what stands in it."""
    with closing(sqlite3.connect(folder / DATABASE, timeout=30)) as connection:
        [(busy, frames, done)] = connection.execute("PRAGMA wal_checkpoint(RESTART)")
        assert not busy and frames == done


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """What this process writes beyond so many bytes of any file is refused."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))


def torn_logs(old: bytes, new: bytes) -> Iterator[bytes]:
    """The log after a death in each piece of what made the one of the other; then without it."""
    spans = [each for each in spans_of(new) if differ(old, new, each)]
    for begin, end in spans:
        for cut in (begin, begin + FRAME_HEADER // 2, (begin + end) // 2, end - 1):
            yield new[:cut] + old[cut:]
    for begin, end in spans:
        yield new[:begin] + old[begin:end].ljust(end - begin, b"\0") + new[end:]


def torn_files(old: bytes, new: bytes) -> Iterator[bytes]:
    """The database's file after a death at each page of it that changed, and inside it."""
    for begin in range(0, len(new), PAGE):
        if differ(old, new, (begin, begin + PAGE)):
            for cut in (begin, begin + PAGE // 2):
                yield new[:cut] + old[cut:]


def flipped(log: bytes) -> Iterator[bytes]:
    """One bit is another: in each frame's header, then in its page."""
    for begin, end in spans_of(log):
        for at in (begin + 7, (begin + end) // 2):
            yield flipped_at(log, at)


def flipped_at(log: bytes, at: int) -> bytes:
    return log[:at] + bytes([log[at] ^ 1]) + log[at + 1 :]


def spans_of(log: bytes) -> list[Span]:
    """Its header, and each frame."""
    frame = FRAME_HEADER + PAGE
    return [(0, LOG_HEADER), *((at, at + frame) for at in range(LOG_HEADER, len(log), frame))]


def differ(old: bytes, new: bytes, span: Span) -> bool:
    return old[slice(*span)] != new[slice(*span)]
