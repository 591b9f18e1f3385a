"""The versions of cached values: one number per name, changed by each commit that outdates them.

The numbers are in a memory-mapped file that all workers of a machine share. Each change writes a
random number in one store of eight bytes, so no lock is needed, and a read takes less than a
microsecond. Names share 16,384 places by their checksum. Two names in one place are invalidated
together, which costs a read and never returns a wrong value.

The disk blocks of the file are reserved when it is opened. Without them the first store on a full
disk would raise the signal SIGBUS, which ends the process.
"""

import os
from collections.abc import Callable, Iterable
from errno import EDQUOT, ENOSPC
from functools import lru_cache
from itertools import count
from mmap import mmap
from operator import itemgetter
from pathlib import Path
from random import getrandbits
from time import monotonic
from zlib import crc32

ANY = "*"
"""The name that a statement changes if its tables are unknown, such as plain SQL text."""

PLACES = 16_384
HEARD = PLACES  # the place after the last one: when changes of other machines were last read
SIZE = (PLACES + 1) * 8
MIN_BLOCK_BYTES = 512
SILENCE = 2.0  # seconds since `HEARD` after which no cached value is valid


class CacheVersions:
    def __init__(self, file: Path) -> None:
        self._map = mapped(file)
        self._numbers = memoryview(self._map).cast("Q")
        self._never = count(1 << 64)  # greater than any number in the file
        self.must_poll = False
        """Whether other machines may change the database, so that their changes must be read."""

    def of(self, names: Iterable[str]) -> tuple[int, ...]:
        """Return the versions of these names, which stay equal until one of the names changes."""
        return self.watch(names)()

    def here(self, names: Iterable[str]) -> tuple[int, ...]:
        """Return the same as `of`, even if changes of other machines were not read lately."""
        return reader_of(tuple(names))(self._numbers)

    def watch(self, names: Iterable[str]) -> Callable[[], tuple[int, ...]]:
        """Return a function that returns the same as `of`, for calls at every request."""
        numbers, read = self._numbers, reader_of(tuple(names))

        def now() -> tuple[int, ...]:
            if self.must_poll and not self._has_polled():
                return (next(self._never),)
            return read(numbers)

        return now

    def advance(self, names: Iterable[str]) -> None:
        """Change the versions of these names; call it after the commit and before the response."""
        for name in names:
            self._numbers[place_of(name)] = getrandbits(64)

    def advance_all(self) -> None:
        """Change the versions of all names, after a change that no commit of this process made."""
        self.advance((ANY,))

    def advance_places(self, places: Iterable[int]) -> None:
        for place in places:
            self._numbers[place] = getrandbits(64)

    def mark_polled(self) -> None:
        """Record that all changes of other machines until now have been read."""
        self._numbers[HEARD] = int(monotonic() * 1e9)

    def close(self) -> None:
        self._numbers.release()
        self._map.close()

    def _has_polled(self) -> bool:
        return 0 <= monotonic() - self._numbers[HEARD] / 1e9 < SILENCE


@lru_cache(1000)
def place_of(name: str) -> int:
    return crc32(name.encode()) % PLACES


@lru_cache(1000)
def reader_of(names: tuple[str, ...]) -> Callable[[memoryview], tuple[int, ...]]:
    return itemgetter(*map(place_of, (ANY, *names)))


def mapped(file: Path) -> mmap:
    """Return the file as a memory map, and create it full of zeros if it does not exist.

    Two processes may create the file at once. Raises OSError if the disk has no room for it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        if os.fstat(handle).st_size != SIZE:
            os.truncate(handle, SIZE)
        reserve(handle, SIZE)
        return mmap(handle, SIZE)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
    finally:
        os.close(handle)


def reserve(handle: int, size: int) -> None:
    """Reserve each disk block of the file, whose content stays the same."""
    try:
        os.posix_fallocate(handle, 0, size)
    except (AttributeError, OSError) as error:
        if getattr(error, "errno", None) in (ENOSPC, EDQUOT):
            raise
        fill_holes(handle, size)


def fill_holes(handle: int, size: int) -> None:
    """Write a zero into each block that begins with a zero, if blocks cannot be reserved.

    A concurrent store of another process may lose one byte, but its number has still changed.
    """
    for offset in range(0, size, MIN_BLOCK_BYTES):
        if os.pread(handle, 1, offset) == b"\0":
            os.pwrite(handle, b"\0", offset)
