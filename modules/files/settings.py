"""The settings for the size, the number and the types of files."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import SettingsConfigDict

from config.settings import CommaSeparated, ModuleSettings, unbuilt

MAX_BYTES = 2**53 - 1
MIB, GIB = 2**20, 2**30


def in_lower_case(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def extension(text: str) -> str:
    plain = text.removeprefix(".")
    if not (plain.isascii() and plain.isalnum() and len(plain) <= 10):
        raise ValueError("must list extensions such as .jpg,.png")
    return f".{plain}"


Extension = Annotated[str, BeforeValidator(in_lower_case), AfterValidator(extension)]
Bytes = Annotated[int, Field(ge=1, le=MAX_BYTES)]


class FilesSettings(ModuleSettings):
    model_config = SettingsConfigDict(env_prefix="FILES_")

    max_bytes: Bytes = Field(default=10 * MIB, description="How large one file may be, in bytes.")
    max_per_request: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="How many files one request may upload."
    )
    allowed_extensions: Annotated[CommaSeparated[Extension], Field(min_length=1)] = Field(
        default=(".jpg", ".jpeg", ".png", ".gif", ".pdf", ".txt", ".docx"),
        description="The kinds of files that may be uploaded, separated by commas.",
    )
    quota_bytes: Bytes = Field(
        default=10 * GIB, description="How much one person's files may take up, in bytes."
    )
    resumable_max_bytes: Annotated[str, unbuilt("leave it out")] | None = Field(
        default=None, description="The size limit of resumable uploads; not available yet."
    )
    trash_days: Annotated[str, unbuilt("leave it out; deleted files are gone at once")] | None = (
        Field(default=None, description="Days for which deleted files are kept; not available yet.")
    )
