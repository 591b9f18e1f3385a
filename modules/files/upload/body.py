"""The body of an upload, passed on a batch at a time and never held as a whole."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from modules.files.threads import in_thread
from modules.files.upload.received import Form, Limits
from modules.files.upload.reception import Reception

BATCH = 2**20  # bytes
MOST_CHUNKS = 64


@dataclass(frozen=True)
class UploadBody:
    content_type: str
    length: int | None
    """As announced; None when that is left open."""
    digests: Mapping[str, str]
    """Its digest headers."""
    chunks: AsyncIterator[bytes]


async def receive(body: UploadBody, form: Form, limits: Limits, reception: Reception) -> None:
    """All of it, into the storage. Writing and hashing go on in threads, in few large steps."""
    if body.length is not None:
        limits.refuse(form, body.length)
    batch: list[bytes] = []
    waiting = length = 0
    async for chunk in body.chunks:
        batch.append(chunk)
        waiting, length = waiting + len(chunk), length + len(chunk)
        limits.refuse(form, length)
        if waiting > min(reception.room, BATCH) or len(batch) == MOST_CHUNKS:
            await in_thread(reception.feed, batch)
            batch, waiting = [], 0
    await in_thread(reception.finish, batch)
