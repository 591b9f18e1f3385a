"""The versions of cached values: a number for each name that every commit changes.

The numbers lie in a memory-mapped file that all workers of a machine share. Each change writes a
number that was never there before, in one store of eight bytes, so nobody has to wait for a lock,
and reading costs less than a microsecond. Names share 16,384 places by their checksum: two names in
one place are forgotten together, which costs a read and never a wrong answer.

The disk blocks of the file are reserved when it is opened. Without them the first store on a full
disk would be answered by the signal SIGBUS, which ends the process.
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
"""Changed by what does not tell its tables."""

PLACES = 16_384
HEARD = PLACES  # the place after the last one says when other machines were last heard
SIZE = (PLACES + 1) * 8
SMALLEST_BLOCK = 512
SILENCE = 2.0  # seconds without a word from other machines, after which nothing is believed


class CacheVersions:
    def __init__(self, file: Path) -> None:
        self._map = mapped(file)
        self._numbers = memoryview(self._map).cast("Q")
        self._never = count(1 << 64)  # greater than any number in the file
        self.must_hear = False
        """Other machines may change the same database, so their word is needed."""

    def of(self, names: Iterable[str]) -> tuple[int, ...]:
        """Equal to an earlier answer exactly as long as nothing of these names has changed."""
        return self.watch(names)()

    def here(self, names: Iterable[str]) -> tuple[int, ...]:
        """The same, for changes made on this machine."""
        return reader_of(tuple(names))(self._numbers)

    def watch(self, names: Iterable[str]) -> Callable[[], tuple[int, ...]]:
        """What `of` says of these names, for whoever asks at every request."""
        numbers, read = self._numbers, reader_of(tuple(names))

        def now() -> tuple[int, ...]:
            if self.must_hear and not self._have_heard():
                return (next(self._never),)
            return read(numbers)

        return now

    def advance(self, names: Iterable[str]) -> None:
        """Something of these names has changed: say so after the commit and before the answer."""
        self.advance_places(map(place_of, names))

    def advance_places(self, places: Iterable[int]) -> None:
        for place in places:
            self._numbers[place] = getrandbits(64)

    def heard(self) -> None:
        """Everything other machines changed until now has been taken note of."""
        self._numbers[HEARD] = int(monotonic() * 1e9)

    def close(self) -> None:
        self._numbers.release()
        self._map.close()

    def _have_heard(self) -> bool:
        return 0 <= monotonic() - self._numbers[HEARD] / 1e9 < SILENCE


def place_of(name: str) -> int:
    return crc32(name.encode()) % PLACES


@lru_cache(1000)
def reader_of(names: tuple[str, ...]) -> Callable[[memoryview], tuple[int, ...]]:
    return itemgetter(*map(place_of, (ANY, *names)))


def mapped(file: Path) -> mmap:
    """Two processes may make the file at once: both find it whole and full of zeros.

    Raises OSError where the disk has no room for it.
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
    """Have the disk hold every block of the file, whose content stays as it is."""
    try:
        os.posix_fallocate(handle, 0, size)
    except (AttributeError, OSError) as error:
        if getattr(error, "errno", None) in (ENOSPC, EDQUOT):
            raise
        fill_holes(handle, size)


def fill_holes(handle: int, size: int) -> None:
    """Write a zero into each block of zeros, if the file system cannot reserve blocks.

    A store of another process at that moment may lose one byte. The number is a new one even so.
    """
    for offset in range(0, size, SMALLEST_BLOCK):
        if os.pread(handle, 1, offset) == b"\0":
            os.pwrite(handle, b"\0", offset)
