"""The storage in a folder of this machine, by system calls.

An upload is a file in `incoming/`, locked while its process works on it. `keep` links the file
into `objects/`, and `settle` removes the first name after the commit of its row. So a file without
a lock in `incoming/` was left behind, and stays only if it has a row. No other file has to be
compared with the database, and no running upload is ever taken for one that was left behind.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path
from secrets import token_hex

import structlog

from config.settings import Settings
from modules.files.errors import StorageDown, StorageFull
from modules.files.settings import StorageSettings
from modules.files.storage import ObjectMissing, Storage
from modules.files.threads import in_thread

log = structlog.get_logger(__name__)

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def local_storage(settings: Settings, storage: StorageSettings) -> Storage:
    return LocalStorage(storage.folder_in(settings.data_dir))


class LocalStorage:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming, self._objects = root / "incoming", root / "objects"

    def create(self) -> "LocalUpload":
        with translate_os_errors():
            self._root.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            make_folder(self._incoming)
            while True:
                entry = self._incoming / token_hex(16)
                file = os.open(entry, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
                if lock(file):
                    return LocalUpload(file, entry, self._place(entry.name))
                os.close(file)  # a sweep was faster than the lock

    def open(self, key: str) -> "LocalObject":
        with translate_os_errors():
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
            except FileNotFoundError:  # the upload was settled just now
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
        with translate_os_errors():
            while rest:
                rest = rest[os.write(self._open_file, rest) :]

    def read(self, offset: int, length: int) -> bytes:
        with translate_os_errors():
            return os.pread(self._open_file, length, offset)

    def keep(self) -> None:
        """Sync the bytes to the disk before the name, and the name before the row."""
        with translate_os_errors():
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
        """Remove the names, and release the lock even after an error, for the next sweep."""
        try:
            with translate_os_errors():
                for name in names:
                    name.unlink(missing_ok=True)
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
        """Read at once from the page cache, or else in a thread from the disk."""
        data = read_from_memory(self._file, offset, length)
        if len(data) < length:
            data = await in_thread(os.pread, self._file, length, offset)
        if len(data) < length:
            raise ObjectMissing("The stored file is shorter than it was.")
        return data

    async def aclose(self) -> None:
        """Close the file, in a thread if it was removed: this frees its blocks on the disk."""
        if os.fstat(self._file).st_nlink:
            os.close(self._file)
        else:
            await in_thread(os.close, self._file)


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
