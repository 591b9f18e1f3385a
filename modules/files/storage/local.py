"""Storage in a folder of this machine, by the system's own calls.

An upload is a file in `incoming/`, locked for as long as its process works on it. To be kept it
gets a second name in `objects/`, and once its row is committed it loses the first. So what lies
unlocked in `incoming/` was left by a dead process, and its row decides whether it stays. Nothing
else has to be compared with the database, and no upload is ever mistaken for a leftover.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path
from secrets import token_hex

import structlog

from modules.files.errors import StorageDown, StorageFull
from modules.files.storage import ObjectMissing
from modules.files.threads import in_thread

log = structlog.get_logger(__name__)

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


class LocalStorage:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming, self._objects = root / "incoming", root / "objects"

    def create(self) -> "LocalUpload":
        with telling_failures():
            self._root.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            make_folder(self._incoming)
            while True:
                entry = self._incoming / token_hex(16)
                file = os.open(entry, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
                if lock(file):
                    return LocalUpload(file, entry, self._place(entry.name))
                os.close(file)  # a sweep came between the two

    def open(self, key: str) -> "LocalObject":
        with telling_failures():
            try:
                return LocalObject(os.open(self._place(key), os.O_RDONLY | os.O_NOFOLLOW))
            except FileNotFoundError:
                if self._objects.exists():
                    raise ObjectMissing(key) from None
                raise  # the whole folder is gone, as when a disk is not mounted

    def remove(self, key: str) -> None:
        self._place(key).unlink(missing_ok=True)

    def abandoned(self) -> Iterator["LocalUpload"]:
        entries = sorted(self._incoming.iterdir()) if self._incoming.exists() else []
        for entry in entries:
            try:
                file = os.open(entry, os.O_RDWR | os.O_NOFOLLOW)
            except FileNotFoundError:  # it was settled just now
                continue
            if lock(file):
                yield LocalUpload(file, entry, self._place(entry.name))
            else:
                os.close(file)

    def probe(self) -> None:
        upload = self.create()
        try:
            upload.write(b"probe")
            upload.keep()
        finally:
            upload.discard()

    def _place(self, key: str) -> Path:
        return self._objects / key[:2] / key


class LocalUpload:
    def __init__(self, file: int, entry: Path, place: Path) -> None:
        self._file: int | None = file
        self._entry, self._place = entry, place

    @property
    def key(self) -> str:
        return self._entry.name

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        with telling_failures():
            while rest:
                rest = rest[os.write(self._open_file, rest) :]

    def read(self, offset: int, length: int) -> bytes:
        with telling_failures():
            return os.pread(self._open_file, length, offset)

    def keep(self) -> None:
        """The bytes reach the disk before the name does, and the name before the row."""
        with telling_failures():
            os.fsync(self._open_file)
            make_folder(self._place.parent.parent)
            make_folder(self._place.parent)
            os.link(self._entry, self._place)
            sync_folder(self._place.parent)

    def settle(self) -> None:
        self._remove(self._entry)

    def discard(self) -> None:
        self._remove(self._place, self._entry)

    def _remove(self, *names: Path) -> None:
        """Whatever becomes of it: what lies unlocked in `incoming/` is found by the next sweep."""
        try:
            with telling_failures():
                for each in names:
                    each.unlink(missing_ok=True)
        finally:
            self.release()

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)  # unlocks it
            self._file = None

    @property
    def _open_file(self) -> int:
        if self._file is None:
            raise RuntimeError("This upload is over.")
        return self._file


class LocalObject:
    def __init__(self, file: int) -> None:
        self._file = file
        self.size = os.fstat(file).st_size

    async def read(self, offset: int, length: int) -> bytes:
        """At once what the system has in memory; what must come from the disk, in a thread."""
        data = read_from_memory(self._file, offset, length)
        if len(data) < length:
            data = await in_thread(os.pread, self._file, length, offset)
        if len(data) < length:
            raise ObjectMissing("The stored file is shorter than it was.")
        return data

    async def aclose(self) -> None:
        """Closing a file that was removed meanwhile frees its blocks, which the disk must do."""
        if os.fstat(self._file).st_nlink:
            os.close(self._file)
        else:
            await in_thread(os.close, self._file)


def read_from_memory(file: int, offset: int, length: int) -> bytes:
    """As much as can be had without waiting; nothing where the system cannot tell."""
    buffer = bytearray(length)
    try:
        count = os.preadv(file, [buffer], offset, os.RWF_NOWAIT)
    except (AttributeError, OSError):
        return b""
    return bytes(buffer) if count == length else b""


def lock(file: int) -> bool:
    """Take the file for this process, if nobody has it and it has not been removed."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(file).st_nlink > 0
    return False


def make_folder(folder: Path) -> None:
    """Durably: its own name is synced too."""
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
def telling_failures() -> Iterator[None]:
    """Raise StorageFull where there is no room, and StorageDown for all else that a disk says."""
    try:
        yield
    except OSError as error:
        log.error("storage_failed", reason=str(error))
        kind = StorageFull if error.errno in (ENOSPC, EDQUOT) else StorageDown
        raise kind(retry_after_s=60) from error
