"""The service for the bytes of files: access to them, and removal of those without a row."""

from uuid import UUID

import structlog
from sqlalchemy import bindparam, select

from core.kit import Database, Principal, select_rows
from core.kit.platform import NotSignedIn
from modules.files.errors import ContentLost, ContentNotYours, FileNotFound
from modules.files.events import ContentDropped
from modules.files.models import PUBLIC, File
from modules.files.permissions import MANAGE
from modules.files.storage import ObjectMissing, Storage, StoredObject, in_thread

ONE = select_rows(File).where(File.id == bindparam("file"))
KEPT = select(File.storage_key).where(File.storage_key == bindparam("key"))

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
        await in_thread(self._storage.remove, dropped.storage_keys)

    async def sweep(self) -> None:
        """Settle or discard the objects of uploads that a crash ended at any point."""
        leftovers = self._storage.abandoned()
        while upload := await in_thread(next, leftovers, None):
            async with self._db.read() as reads:
                kept = await reads.scalar(KEPT, {"key": upload.key})
            await in_thread(upload.settle if kept else upload.discard)
            log.info("upload_swept", kept=bool(kept))

    async def check(self) -> None:
        """Raises StorageFull or StorageDown if the storage cannot store an object."""
        await in_thread(self._storage.probe)
