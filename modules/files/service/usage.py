"""The bytes and the number of a user's files, exact even when many uploads end at once."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, select, update

from core.kit import Database, Transaction
from core.kit.platform import insert_for
from modules.files.errors import QuotaExceeded
from modules.files.models import FileReservation, FileUsage
from modules.files.settings import FilesSettings

MAX_FILES = 10_000
"""The most files of one user, because small files fill a disk too (ASVS 5.2.4)."""

USED = select(FileUsage.bytes, FileUsage.files).where(FileUsage.owner_id == bindparam("owner"))
ALL_BYTES = select(func.coalesce(func.sum(FileUsage.bytes), 0))
FILE_COUNT = select(func.coalesce(func.sum(FileUsage.files), 0))

NOTHING = {"owner_id": bindparam("owner"), "bytes": 0, "files": 0}
_more_bytes, _more_files = FileUsage.bytes + bindparam("size"), FileUsage.files + bindparam("count")
_theirs = update(FileUsage).where(FileUsage.owner_id == bindparam("owner"))
_changed = _theirs.values(bytes=_more_bytes, files=_more_files)
_within = (_more_bytes <= bindparam("quota"), _more_files <= bindparam("most"))
TAKE = _changed.where(*_within).returning(FileUsage.owner_id)
LOCK = USED.with_for_update()
FORGET = delete(FileUsage).where(FileUsage.owner_id == bindparam("owner"))
FORGET_RESERVATIONS = delete(FileReservation).where(FileReservation.owner_id == bindparam("owner"))


@dataclass(frozen=True, slots=True)
class Usage:
    used_bytes: int
    quota_bytes: int
    files: int

    @property
    def left(self) -> int:
        return max(0, self.quota_bytes - self.used_bytes)


class UsageService:
    def __init__(self, db: Database, settings: FilesSettings) -> None:
        self._db, self._quota = db, settings.quota_bytes
        row = insert_for(db.engine.dialect)(FileUsage).values(NOTHING)
        self._begin = row.on_conflict_do_nothing()
        unchanged = {"bytes": FileUsage.bytes}
        locked = row.on_conflict_do_update(index_elements=["owner_id"], set_=unchanged)
        self._begin_locked = locked.returning(FileUsage.bytes)

    async def of(self, owner_id: UUID) -> Usage:
        async with self._db.read() as reads:
            row = (await reads.execute(USED, {"owner": owner_id})).one_or_none()
        return Usage(row.bytes if row else 0, self._quota, row.files if row else 0)

    async def bytes_of(self, owner_id: UUID) -> int:
        return (await self.of(owner_id)).used_bytes

    async def files_of(self, owner_id: UUID) -> int:
        return (await self.of(owner_id)).files

    async def all_bytes(self) -> int:
        return await self._sum(ALL_BYTES)

    async def all_files(self) -> int:
        return await self._sum(FILE_COUNT)

    async def take(self, tx: Transaction, owner_id: UUID, size: int, count: int) -> None:
        """Add to the usage. Raises QuotaExceeded.

        The row stays locked until the commit, so the next transaction sees the new usage.
        """
        limits = {"quota": self._quota, "most": MAX_FILES}
        values = {"owner": owner_id, "size": size, "count": count, **limits}
        if (await tx.execute(TAKE, values)).first():
            return
        await tx.execute(self._begin, {"owner": owner_id})  # the first upload has no row yet
        if not (await tx.execute(TAKE, values)).first():
            most = {"max": self._quota, "files": MAX_FILES}
            raise QuotaExceeded(
                "A user may have at most {files} files, of {max} bytes in all.", **most
            )

    async def locked_left(self, tx: Transaction, owner_id: UUID) -> int:
        """Return the bytes that no file uses, and lock the row until the commit."""
        row = (await tx.execute(self._begin_locked, {"owner": owner_id})).one()
        return self._quota - int(row.bytes)

    async def lock(self, tx: Transaction, owner_id: UUID) -> None:
        """Lock the row. Call this before other locks, so that all transactions use one order."""
        await tx.execute(LOCK, {"owner": owner_id})

    async def give_back(self, tx: Transaction, owner_id: UUID, size: int, count: int) -> None:
        values = {"owner": owner_id, "size": -size, "count": -count}
        await tx.execute(_changed, values)

    async def forget(self, tx: Transaction, owner_id: UUID) -> None:
        for statement in (FORGET_RESERVATIONS, FORGET):
            await tx.execute(statement, {"owner": owner_id})

    async def _sum(self, figure: Select[int]) -> int:
        async with self._db.read() as reads:
            return int(await reads.scalar(figure))
