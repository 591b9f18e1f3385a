"""The service for the bytes of files: access to them, and removal of those without a row."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import structlog

from core.kit import Database, Principal
from core.kit.platform import NotSignedIn
from modules.files.errors import ContentLost, ContentNotYours, FileNotFound
from modules.files.events import ContentDropped
from modules.files.models import PUBLIC, File
from modules.files.permissions import MANAGE
from modules.files.queries import KEPT, ONE
from modules.files.storage import NewObject, ObjectMissing, Storage, StoredObject
from modules.files.threads import in_thread

log = structlog.get_logger(__name__)


class ContentService:
    def __init__(self, db: Database, storage: Storage) -> None:
        self._db, self._storage = db, storage

    async def readable(self, visitor: Principal | None, file_id: UUID) -> File:
        """Return the metadata. Raises NotSignedIn, ContentNotYours and FileNotFound."""
        async with self._db.read() as reads:
            file = await reads.first(ONE, {"file": file_id})
        if file and (file.visibility == PUBLIC or (visitor and file.owner_id == visitor.id)):
            return file
        if visitor is None:
            raise NotSignedIn  # whether the file exists or not
        if file and visitor.may(MANAGE):
            raise ContentNotYours
        raise FileNotFound

    async def open(self, file: File) -> StoredObject:
        """Open the stored object. Raises ContentLost if it is missing or has another size."""
        try:
            stored = await in_thread(self._storage.open, file.storage_key)
            if stored.size == file.size:
                return stored
            await stored.aclose()
        except ObjectMissing:
            pass
        log.error("stored_content_lost", file_id=str(file.id))
        raise ContentLost

    async def remove(self, dropped: ContentDropped) -> None:
        await in_thread(self._remove_all, dropped.storage_keys)

    async def sweep(self) -> None:
        """Settle or discard the objects of uploads that a crash ended at any point."""
        leftovers = self._storage.abandoned()
        while upload := await in_thread(next_of, leftovers):
            async with self._db.read() as reads:
                kept = await reads.scalar(KEPT, {"key": upload.key})
            await in_thread(upload.settle if kept else upload.discard)
            log.info("upload_swept", kept=bool(kept))

    async def check(self) -> None:
        """Raises StorageFull or StorageDown if the storage cannot store an object."""
        await in_thread(self._storage.probe)

    def _remove_all(self, storage_keys: Sequence[str]) -> None:
        for key in storage_keys:
            self._storage.remove(key)


def next_of(uploads: Iterator[NewObject]) -> NewObject | None:
    return next(uploads, None)
