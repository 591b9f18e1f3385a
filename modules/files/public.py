"""The port, values and events by which other modules use files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from core.kit import Event, IfMatch, PageRequest, Principal, Rows
from core.kit.platform import ANY_VERSION
from modules.files.errors import FileNotFound as FileNotFound
from modules.files.permissions import MANAGE as MANAGE
from modules.files.queries import ALL_FILES as ALL_FILES  # the Listing of `StoredFiles.page`


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """The metadata of a file."""

    id: UUID
    owner_id: UUID
    filename: str
    original_filename: str
    size: int
    content_type: str
    checksum_sha256: str
    visibility: str
    created_at: datetime
    updated_at: datetime


@runtime_checkable
class StoredFiles(Protocol):
    """The port for the files of all users."""

    async def page(self, request: PageRequest) -> Rows[StoredFile]:
        """Return a page of StoredFile values; the route declares `listing=ALL_FILES`."""
        ...

    async def delete(
        self, actor: Principal, file_id: UUID, if_match: IfMatch = ANY_VERSION
    ) -> None:
        """Delete a file of the actor, or any file with MANAGE. Raises FileNotFound and Stale."""
        ...


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
