"""The events by which other modules hear of files."""

from dataclasses import dataclass
from uuid import UUID

from core.kit import Event


@dataclass(frozen=True, kw_only=True)
class FileUploaded(Event):
    name = "files.uploaded"

    file_id: UUID
    owner_id: UUID


@dataclass(frozen=True, kw_only=True)
class FileDeleted(Event):
    name = "files.deleted"

    file_id: UUID
    owner_id: UUID
