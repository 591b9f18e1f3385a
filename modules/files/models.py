from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.kit import (
    Base,
    Listing,
    SearchIndex,
    Timestamped,
    Versioned,
    folded,
    nothing_personal,
)

PUBLIC, PRIVATE = "public", "private"


class File(Versioned, Timestamped, Base):
    """The metadata of a file; its bytes are in the storage and never change."""

    __tablename__ = "files"
    __table_args__ = (
        Index("ix_files_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index(None, "owner_id", "original_filename_folded", "id"),
        Index("ix_files_owner_id_size_id", "owner_id", "size", "id"),
        Index("ix_files_created_at_id", "created_at", "id"),
        Index("ix_files_original_filename_folded_id", "original_filename_folded", "id"),
        Index("ix_files_size_id", "size", "id"),
        Index("ix_files_content_type_created_at_id", "content_type", "created_at", "id"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    storage_key: Mapped[str] = mapped_column(String(64), unique=True)
    filename: Mapped[str] = mapped_column(String(50))
    original_filename: Mapped[str] = mapped_column(String(150))
    original_filename_folded: Mapped[str] = folded("original_filename", 150)
    size: Mapped[int]
    content_type: Mapped[str] = mapped_column(String(100))
    checksum_sha256: Mapped[str] = mapped_column(String(64))
    visibility: Mapped[str] = mapped_column(String(10), default=PRIVATE)


SEARCH = SearchIndex(File, (File.original_filename,))
SORT = (File.created_at, File.original_filename, File.size, File.id)
FILES = Listing(sort=SORT, search=SEARCH, filters=(File.content_type,), scope=(File.owner_id,))
ALL_FILES = Listing(sort=SORT, search=SEARCH, filters=(File.content_type, File.owner_id))


class FileUsage(Base):
    """The bytes and the number of a user's files; uploads and deletions change this row."""

    __tablename__ = "files_usage"
    __table_args__ = nothing_personal("It sums up files, which the export lists.")

    owner_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    bytes: Mapped[int]
    files: Mapped[int]


class FileReservation(Base):
    """The quota that an upload in progress reserves; a row that is not renewed does not count."""

    __tablename__ = "files_reservations"
    __table_args__ = nothing_personal("It lasts no longer than an upload.")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    bytes: Mapped[int]
    renewed_at: Mapped[datetime] = mapped_column(index=True)
