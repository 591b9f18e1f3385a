"""The body of an upload, passed on in batches and never held in memory as a whole."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from modules.files.threads import in_thread
from modules.files.upload.multipart_upload import MultipartUpload
from modules.files.upload.received import ExpectedFiles, Limits, around_files

BATCH = 2**20  # bytes
MAX_CHUNKS = 64
RESERVED_AHEAD = 4 * BATCH
"""The quota that a body without a declared length reserves before it needs it."""

Cover = Callable[[int, int], Awaitable[None]]
"""Reserves the first number of bytes of the quota, and up to the second more if free."""


@dataclass(frozen=True)
class UploadBody:
    content_type: str
    length: int | None
    """The value of `Content-Length`, or None without one."""
    digests: Mapping[str, str]
    """The header fields with digests."""
    chunks: AsyncIterator[bytes]


async def receive(
    body: UploadBody, form: ExpectedFiles, limits: Limits, reception: MultipartUpload, cover: Cover
) -> None:
    """Receive the whole body into the storage; threads write and hash it in few large steps.

    `cover` reserves the least size of the files before they are written.
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
        if waiting > min(reception.room, BATCH) or len(batch) == MAX_CHUNKS:
            await in_thread(reception.feed, batch)
            await cover(reception.total, ahead)
            batch, waiting = [], 0
    await in_thread(reception.finish, batch)
