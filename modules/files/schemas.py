from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from core.kit import ABSENT, MergePatch, Schema, UtcDatetime

Visibility = Literal["private", "public"]


class FileRead(Schema):
    id: UUID
    filename: str = Field(description="The id and the extension of the file.")
    original_filename: str = Field(examples=["holiday.png"])
    size: int = Field(description="The size in bytes.")
    content_type: str = Field(examples=["image/png"])
    checksum_sha256: str = Field(description="The SHA-256 in hexadecimal digits.")
    visibility: Visibility
    created_at: UtcDatetime
    updated_at: UtcDatetime


class AdminFileRead(Schema):
    id: UUID
    owner_id: UUID
    filename: str
    original_filename: str
    size: int = Field(description="The size in bytes.")
    content_type: str
    checksum_sha256: str
    visibility: Visibility
    created_at: UtcDatetime
    updated_at: UtcDatetime


class FilesRead(Schema):
    files: list[FileRead] = Field(description="The files in the order in which they were sent.")


class FileUpdate(MergePatch):
    original_filename: Annotated[
        str,
        Field(
            description="The name with the same extension; at most 150 characters and 255 bytes.",
            examples=["holiday.png"],
        ),
    ] = ABSENT
    visibility: Annotated[
        Visibility, Field(description="Anyone who has the id of a public file may download it.")
    ] = ABSENT


class UsageRead(Schema):
    used_bytes: int
    quota_bytes: int
    files: int
