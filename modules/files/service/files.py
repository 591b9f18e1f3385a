"""The service for the metadata of files: owner, name and visibility."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import bindparam, delete, select

from core.kit import Database, IfMatch, PageRequest, Principal, Rows
from core.kit.platform import error_at
from modules.files.errors import ContentNotYours, ExtensionChanged, FileNotFound
from modules.files.events import ContentDropped
from modules.files.models import ALL_FILES, FILES, PUBLIC, File
from modules.files.permissions import MANAGE
from modules.files.public import FileDeleted
from modules.files.schemas import FileRead, FileUpdate
from modules.files.service.usage import UsageService
from modules.files.upload.names import extension_of, tidy_name

ERASED_AT_ONCE = 100
_some = select(File.id).where(File.owner_id == bindparam("owner")).limit(ERASED_AT_ONCE)
ERASE = delete(File).where(File.id.in_(_some)).returning(File.storage_key, File.size)


class FileService:
    """The caller's own files, or all files with MANAGE. Any other file raises FileNotFound."""

    def __init__(self, db: Database, usage: UsageService) -> None:
        self._db, self._usage = db, usage

    async def page_of(self, owner: Principal, request: PageRequest) -> Rows[File]:
        return await self._db.page(FILES, File, request, owner_id=owner.id)

    async def page(self, request: PageRequest) -> Rows[File]:
        """Return a page of all users' files, and note the read access in the audit trail."""
        rows = await self._db.page(ALL_FILES, File, request)
        self._db.record_later("files.list", ("files", None))
        return rows

    async def get(self, reader: Principal, file_id: UUID) -> File:
        """Return a file; read access to another user's file is audited. Raises FileNotFound."""
        file = await self._visible_to(reader, file_id)
        if file.owner_id != reader.id:
            async with self._db.transaction() as tx:
                await tx.record("files.read", ("files", file_id))
        return file

    async def change(
        self, editor: Principal, file_id: UUID, update: FileUpdate, if_match: IfMatch
    ) -> File:
        """Change the name or the visibility. Raises NameInvalid, ExtensionChanged and Stale.

        Raises ContentNotYours if a user other than the owner makes the file public.
        """
        changes = update.changes()
        file = await self._visible_to(editor, file_id)
        if changes.get("visibility") == PUBLIC and file.owner_id != editor.id:
            raise ContentNotYours
        if "original_filename" in changes:
            changes["original_filename"] = renamed(file, changes["original_filename"])
        return await self._db.update_by_id(
            File, file_id, changes, missing=FileNotFound, if_match=if_match, audit="files.change"
        )

    async def delete(self, actor: Principal, file_id: UUID, if_match: IfMatch) -> None:
        async with self._db.transaction() as tx:
            await self._usage.lock(tx, (await self._visible_to(actor, file_id)).owner_id)
            file = await tx.get(File, file_id, missing=FileNotFound, if_match=if_match)
            await tx.delete(file, audit="files.delete")
            await self._usage.give_back(tx, file.owner_id, file.size, 1)
            await tx.publish(ContentDropped(storage_keys=(file.storage_key,)))
            await tx.publish(FileDeleted(file_id=file.id, owner_id=file.owner_id))

    async def export(self, owner_id: UUID) -> AsyncIterator[Sequence[FileRead]]:
        """Yield the metadata of each file of this user."""
        async for rows in self._db.batches(FILES, File, owner_id=owner_id):
            yield FileRead.each(rows)

    async def erase(self, owner_id: UUID) -> bool:
        """Erase some of this user's files; return whether there may be more."""
        async with self._db.transaction() as tx:
            await self._usage.lock(tx, owner_id)
            erased = (await tx.execute(ERASE, {"owner": owner_id})).all()
            if not erased:
                await self._usage.forget(tx, owner_id)
                return False
            keys, sizes = zip(*erased, strict=True)
            await self._usage.give_back(tx, owner_id, sum(sizes), len(sizes))
            await tx.publish(ContentDropped(storage_keys=keys))
        return True

    async def _visible_to(self, reader: Principal, file_id: UUID) -> File:
        file = await self._db.get(File, file_id, missing=FileNotFound)
        if file.owner_id != reader.id and not reader.may(MANAGE):
            raise FileNotFound
        return file


def renamed(file: File, given: str) -> str:
    with error_at("body.original_filename"):
        name = tidy_name(given)
    if extension_of(name) != extension_of(file.filename):
        raise ExtensionChanged(
            "The name must end in {extension}.", extension=extension_of(file.filename)
        )
    return name
