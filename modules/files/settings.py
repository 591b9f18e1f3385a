"""The settings for the place, the size, the number and the types of files."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr

from config.settings import CommaSeparated, ModuleSettings, not_built_yet, unbuilt

MAX_BYTES = 2**53 - 1
MIB, GIB = 2**20, 2**30


def extension(text: str) -> str:
    plain = text.lower().removeprefix(".")
    if not (plain.isascii() and plain.isalnum() and len(plain) <= 10):
        raise ValueError("must list extensions such as .jpg,.png")
    return f".{plain}"


Extension = Annotated[str, AfterValidator(extension)]
Bytes = Annotated[int, Field(ge=1, le=MAX_BYTES)]


def folder_url(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if url.startswith("s3://"):
        not_built_yet("leave it out to store files in DATA_DIR")
    if not re.fullmatch(r"file://(/|\./)[^?#\x00-\x1f]+", url):
        raise ValueError("must be file:// and the path of a folder, such as file:///srv/files")
    return value


class StorageSettings(ModuleSettings):
    """The place of the files; its name has no prefix."""

    storage_url: Annotated[SecretStr, AfterValidator(folder_url)] | None = Field(
        default=None,
        description="The folder of uploaded files; S3 is not available yet.",
        json_schema_extra={"default": "file://DATA_DIR/files"},
    )

    def folder_in(self, data_dir: Path) -> Path:
        """Return the folder of STORAGE_URL, or its default in DATA_DIR."""
        if self.storage_url is None:
            return data_dir / "files"
        return Path(unquote(self.storage_url.get_secret_value().removeprefix("file://"))).absolute()


class FilesSettings(ModuleSettings, env_prefix="FILES_"):
    max_bytes: Bytes = Field(default=10 * MIB, description="The size limit of one file, in bytes.")
    max_per_request: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="The number of files that one request may upload."
    )
    allowed_extensions: Annotated[CommaSeparated[Extension], Field(min_length=1)] = Field(
        default=(".jpg", ".jpeg", ".png", ".gif", ".pdf", ".txt", ".docx"),
        description="The extensions of files that may be uploaded, separated by commas.",
    )
    quota_bytes: Bytes = Field(
        default=10 * GIB, description="The quota for all files of one user, in bytes."
    )
    resumable_max_bytes: Annotated[str, unbuilt("leave it out")] | None = Field(
        default=None, description="The size limit of resumable uploads; not available yet."
    )
    trash_days: (
        Annotated[str, unbuilt("leave it out, because deleted files are removed at once")] | None
    ) = Field(
        default=None,
        description="Days for which deleted files stay in the trash; not available yet.",
    )
