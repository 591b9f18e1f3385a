"""The body of an upload, passed on a batch at a time and never held as a whole."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from modules.files.threads import in_thread
from modules.files.upload.multipart_upload import MultipartUpload
from modules.files.upload.received import ExpectedFiles, Limits, around_files

BATCH = 2**20  # bytes
MOST_CHUNKS = 64
RESERVED_AHEAD = 4 * BATCH
"""The quota that a body without a declared length reserves before it needs it."""

Cover = Callable[[int, int], Awaitable[None]]
"""Reserves so many bytes of the quota, and up to so many more if they are free."""


@dataclass(frozen=True)
class UploadBody:
    content_type: str
    length: int | None
    """As announced; None when that is left open."""
    digests: Mapping[str, str]
    """Its digest headers."""
    chunks: AsyncIterator[bytes]


async def receive(
    body: UploadBody, form: ExpectedFiles, limits: Limits, reception: MultipartUpload, cover: Cover
) -> None:
    """All of it, into the storage. Writing and hashing go on in threads, in few large steps.

    `cover` reserves what the files have at least, before they are written.
    """
    around, ahead = around_files(form), RESERVED_AHEAD if body.length is None else 0
    if body.length is not None:
        limits.refuse(form, body.length)
        await cover(body.length - around, 0)
    batch: list[bytes] = []
    waiting = length = 0
    async for chunk in body.chunks:
        batch.append(chunk)
        waiting, length = waiting + len(chunk), length + len(chunk)
        limits.refuse(form, length)
        await cover(length - around, ahead)
        if waiting > min(reception.room, BATCH) or len(batch) == MOST_CHUNKS:
            await in_thread(reception.feed, batch)
            await cover(reception.total, ahead)
            batch, waiting = [], 0
    await in_thread(reception.finish, batch)
