"""The body of an upload, passed on in batches and never held in memory as a whole."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.kit.platform import AnyRequest, EncodedBody, http_context
from modules.files.errors import UploadCutOff
from modules.files.storage import in_thread
from modules.files.upload.digests import Claim
from modules.files.upload.headers import claims_of_body
from modules.files.upload.multipart_upload import MultipartUpload

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
    claims: Sequence[Claim]
    """The digests of the whole body in its header fields."""
    chunks: AsyncIterator[bytes]


def body_of(request: AnyRequest) -> UploadBody:
    headers = http_context().headers
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise EncodedBody
    length = headers.get(b"content-length")
    return UploadBody(
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
        length=None if length is None else int(length),
        claims=claims_of_body(headers),
        chunks=chunks_of(request),
    )


async def chunks_of(request: AnyRequest) -> AsyncIterator[bytes]:
    """Yield chunks when they are needed, so that a refused client stops. Raises UploadCutOff."""
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise UploadCutOff
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def receive(body: UploadBody, upload: MultipartUpload, cover: Cover) -> None:
    """Receive the whole body into the storage; threads write and hash it in few large steps.

    `cover` reserves the least size of the files before they are written.
    """
    expected, around = upload.expected, upload.expected.around
    ahead = RESERVED_AHEAD if body.length is None else 0
    if body.length is not None:
        expected.check_length(body.length)
        await cover(body.length - around, 0)
    batch: list[bytes] = []
    waiting = length = 0
    async for chunk in body.chunks:
        batch.append(chunk)
        waiting, length = waiting + len(chunk), length + len(chunk)
        expected.check_length(length)
        await cover(length - around, ahead)
        if waiting > min(upload.room, BATCH) or len(batch) == MAX_CHUNKS:
            await in_thread(upload.feed, batch)
            await cover(upload.total, ahead)
            batch, waiting = [], 0
    await in_thread(upload.finish, batch)
