"""The service for uploads: the content is durable before its row is committed."""

from asyncio import get_running_loop
from collections.abc import Sequence
from functools import partial

from core.kit import Database, Principal, Transaction, uuid7
from modules.files.models import File
from modules.files.public import FileUploaded
from modules.files.service.reservations import Hold, Reservations, owner_must_exist
from modules.files.service.usage import UsageService
from modules.files.settings import FilesSettings
from modules.files.storage import Storage, in_thread
from modules.files.upload.body import UploadBody, receive
from modules.files.upload.multipart_upload import MultipartUpload
from modules.files.upload.received import ExpectedFiles, ReceivedFile

MAX_COMMIT_S = 60


class UploadService:
    def __init__(
        self,
        db: Database,
        settings: FilesSettings,
        storage: Storage,
        usage: UsageService,
        reservations: Reservations,
    ) -> None:
        self._db = db
        self._settings, self._storage, self._usage = settings, storage, usage
        self._reservations = reservations

    async def upload(self, owner: Principal, body: UploadBody) -> File:
        """Store one file. Raises the errors of `MultipartUpload`, and then stores nothing."""
        [file] = await self._upload(owner, body, "file", 1)
        return file

    async def upload_several(self, owner: Principal, body: UploadBody) -> Sequence[File]:
        """Store all files or none; return them in the order they were sent."""
        return await self._upload(owner, body, "files", self._settings.max_per_request)

    async def _upload(
        self, owner: Principal, body: UploadBody, field: str, most: int
    ) -> Sequence[File]:
        left = (await self._usage.of(owner.id)).left
        limits = self._settings.max_bytes, left, self._settings.allowed_extensions
        expected = ExpectedFiles(field, most, *limits)
        upload = MultipartUpload(body.content_type, body.claims, expected, self._storage)
        recorded = False
        try:
            async with self._reservations.hold(owner.id, left) as hold:
                await receive(body, upload, hold.cover)
                async with self._db.transaction() as tx:
                    files = await self._record(tx, owner, upload, hold)
                    recorded = True
        finally:
            if not recorded:
                await in_thread(upload.discard)
            elif upload.unsettled:  # the outcome of the commit is not known yet
                loop = get_running_loop()
                loop.call_later(MAX_COMMIT_S, loop.run_in_executor, None, upload.release)
        return files

    async def _record(
        self, tx: Transaction, owner: Principal, upload: MultipartUpload, hold: Hold
    ) -> Sequence[File]:
        """Insert the files first, which locks the owner: an erasure locks the owner first too."""
        with owner_must_exist():
            files = [await insert(tx, owner, received) for received in upload.files]
        await self._usage.take(tx, owner.id, upload.total, len(files))
        await hold.settle(tx)
        for file in files:
            await tx.publish(FileUploaded(file_id=file.id, owner_id=owner.id))
            await tx.record("files.upload", file, size=file.size)
        tx.on_commit(partial(in_thread, upload.settle))
        return files


async def insert(tx: Transaction, owner: Principal, received: ReceivedFile) -> File:
    file_id = uuid7()
    return await tx.insert(
        File,
        id=file_id,
        owner_id=owner.id,
        storage_key=received.object.key,
        filename=f"{file_id}{received.extension}",
        original_filename=received.name,
        size=received.size,
        content_type=received.format.content_type,
        checksum_sha256=received.checksum,
    )
