"""The storage in a folder of this machine: objects under generated keys, by system calls.

An upload is a file in `incoming/`, locked while its process works on it. `keep` links the file
into `objects/`, and `settle` removes the first name after the commit of its row. So a file without
a lock in `incoming/` was left behind, and stays only if it has a row. No other file has to be
compared with the database, and no running upload is ever taken for one that was left behind.

The calls block, except those of `StoredObject`: make them with `in_thread`.
"""

import fcntl
import os
from asyncio import CancelledError, get_running_loop, shield, wait
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path
from secrets import token_hex
from typing import TypeVar, TypeVarTuple

import structlog

from config.settings import Settings
from modules.files.errors import StorageDown, StorageFull
from modules.files.settings import StorageSettings

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")
log = structlog.get_logger(__name__)

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
CLOSED = -1


class ObjectMissing(Exception):
    """No object is stored under this key, or the object is incomplete."""


class Storage:
    def __init__(self, settings: Settings, storage: StorageSettings) -> None:
        self._root = storage.folder_in(settings.data_dir)
        self._incoming, self._objects = self._root / "incoming", self._root / "objects"

    def create(self) -> "NewObject":
        """Begin an object. Raises StorageFull and StorageDown."""
        with translate_os_errors():
            self._root.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            make_folder(self._incoming)
            while True:
                entry = self._incoming / token_hex(16)
                file = os.open(entry, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
                if lock(file):
                    return NewObject(file, entry, self._place(entry.name))
                os.close(file)  # a sweep was faster than the lock

    def open(self, key: str) -> "StoredObject":
        """Open an object. Raises ObjectMissing and StorageDown."""
        with translate_os_errors():
            try:
                return StoredObject(os.open(self._place(key), os.O_RDONLY | os.O_NOFOLLOW))
            except FileNotFoundError:
                if self._objects.exists():
                    raise ObjectMissing(key) from None
                raise  # the whole folder is gone, as when a disk is not mounted

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the objects that exist."""
        for key in keys:
            self._place(key).unlink(missing_ok=True)

    def abandoned(self) -> Iterator["NewObject"]:
        """Yield the unsettled objects of dead processes, and none that a live process writes."""
        entries = sorted(self._incoming.iterdir()) if self._incoming.exists() else []
        for entry in entries:
            try:
                file = os.open(entry, os.O_RDWR | os.O_NOFOLLOW)
            except FileNotFoundError:  # the upload was settled just now
                continue
            if lock(file):
                yield NewObject(file, entry, self._place(entry.name))
            else:
                os.close(file)

    def probe(self) -> None:
        """Store an object and remove it again. Raises StorageFull and StorageDown."""
        probe = self.create()
        try:
            probe.write(b"probe")
            probe.keep()
        finally:
            probe.discard()

    def _place(self, key: str) -> Path:
        return self._objects / key[:2] / key


class NewObject:
    """An object that is being written, by one call at a time.

    All methods except `release` raise StorageFull and StorageDown. After a failed `settle` or
    `discard`, a sweep does the rest.
    """

    def __init__(self, file: int, entry: Path, place: Path) -> None:
        self.key = entry.name
        self._file, self._entry, self._place = file, entry, place

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        with translate_os_errors():
            while rest:
                rest = rest[os.write(self._file, rest) :]

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes that were written."""
        with translate_os_errors():
            return os.pread(self._file, length, offset)

    def keep(self) -> None:
        """Make the object durable under its key; until `settle`, a sweep may still remove it.

        The bytes are synced to the disk before the name, and the name before the row.
        """
        with translate_os_errors():
            os.fsync(self._file)
            make_folder(self._place.parent.parent)
            make_folder(self._place.parent)
            os.link(self._entry, self._place)
            sync_folder(self._place.parent)

    def settle(self) -> None:
        """Complete the object, after the commit of a row that refers to it."""
        self._remove(self._entry)

    def discard(self) -> None:
        """Remove the object."""
        self._remove(self._place, self._entry)

    def release(self) -> None:
        """Leave the object to a sweep, which looks for a row that refers to it."""
        if self._file != CLOSED:
            os.close(self._file)  # unlocks it
            self._file = CLOSED

    def _remove(self, *names: Path) -> None:
        """Remove the names, and release the lock even after an error, for the next sweep."""
        try:
            with translate_os_errors():
                for name in names:
                    name.unlink(missing_ok=True)
        finally:
            self.release()


class StoredObject:
    """An open object, which can be read to its end even if it is removed meanwhile."""

    def __init__(self, file: int) -> None:
        self._file = file
        self.size = os.fstat(file).st_size

    async def read(self, part: range) -> bytes:
        """Read at once from the page cache, or else in a thread from the disk.

        Raises ObjectMissing if the object has fewer bytes.
        """
        data = read_from_memory(self._file, part.start, len(part))
        if len(data) < len(part):
            data = await in_thread(os.pread, self._file, len(part), part.start)
        if len(data) < len(part):
            raise ObjectMissing("The stored file is shorter than it was.")
        return data

    async def aclose(self) -> None:
        """Close the file, in a thread if it was removed: this frees its blocks on the disk."""
        if os.fstat(self._file).st_nlink:
            os.close(self._file)
        else:
            await in_thread(os.close, self._file)


async def in_thread(work: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """Run `work` in a thread, to its end even if the caller is cancelled.

    So no other code uses the file of the work while the thread does.
    """
    running = get_running_loop().run_in_executor(None, work, *arguments)
    try:
        return await shield(running)
    except CancelledError:
        while not running.done():
            with suppress(CancelledError):
                await wait([running])
        raise


def read_from_memory(file: int, offset: int, length: int) -> bytes:
    """Return all of the bytes if that needs no wait, else none, as on systems without the flag."""
    buffer = bytearray(length)
    try:
        count = os.preadv(file, [buffer], offset, os.RWF_NOWAIT)
    except (AttributeError, OSError):
        return b""
    return bytes(buffer) if count == length else b""


def lock(file: int) -> bool:
    """Lock the file; return False if another process has the lock or removed the file."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(file).st_nlink > 0
    return False


def make_folder(folder: Path) -> None:
    """Make a folder durably: its name in the parent folder is synced too."""
    with suppress(FileExistsError):
        folder.mkdir(PRIVATE_FOLDER)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def translate_os_errors() -> Iterator[None]:
    """Raise StorageFull if no space is left, and StorageDown for any other OSError."""
    try:
        yield
    except OSError as error:
        log.error("storage_failed", reason=str(error))
        kind = StorageFull if error.errno in (ENOSPC, EDQUOT) else StorageDown
        raise kind(retry_after_s=60) from error
