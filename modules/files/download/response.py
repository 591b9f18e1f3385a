"""The response with a file: its header fields, then its bytes in pieces, never compressed."""

from asyncio import Task
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from secrets import token_hex
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.types import Receive, Scope, Send

from core.kit.platform import (
    PRIVATE,
    SHARED,
    FinishedResponse,
    Header,
    HttpContext,
    client_watched,
    http_context,
    send_head,
)
from modules.files.download.conditions import Validators
from modules.files.download.ranges import ranges_in
from modules.files.models import PUBLIC, File
from modules.files.storage import StoredObject
from modules.files.upload.formats import INLINE, PLAYED, UNKNOWN

PIECE = 2**18  # bytes
SANDBOX = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox"

Open = Callable[[], Awaitable[StoredObject]]


class DownloadResponse(Response[bytes]):
    """The response opens the stored object only to send its bytes: not for HEAD or a 304."""

    def __init__(self, file: File, open_object: Open, *, inline: bool) -> None:
        super().__init__(b"")
        self._file, self._open = file, open_object
        self._inline = inline and file.content_type in INLINE
        self._validators = Validators(file.checksum_sha256, file.created_at)

    def to_asgi_response(self, app: object, request: object, **_: object) -> Any:  # Any: an ASGIApp
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = http_context()
        if self._validators.known(context.headers):
            return await FinishedResponse(304, self._validating, b"")(scope, receive, send)
        parts = self._parts(context)
        if context.method == "HEAD":
            return await send_head(send, 200, [*self._fields, length_of(self._file.size)])
        async with aclosing(await self._open()) as stored, client_watched(receive) as gone:
            await self._send(FileSender(send, stored, gone), parts)

    def _parts(self, context: HttpContext) -> list[range] | None:
        """Return the ranges to send, or None for the whole file. Raises RangeNotSatisfiable."""
        header = context.headers.get(b"range")
        if header is None or context.method != "GET":
            return None
        if not self._validators.permit_range(context.headers):
            return None
        return ranges_in(header.decode("latin-1"), self._file.size)

    async def _send(self, sender: "FileSender", parts: list[range] | None) -> None:
        size = self._file.size
        if parts is None:
            await sender.head(200, [*self._fields, length_of(size)])
            await sender.bytes_of(range(size))
        elif len(parts) == 1:
            placed = (b"content-range", content_range(parts[0], size))
            await sender.head(206, [*self._fields, placed, length_of(len(parts[0]))])
            await sender.bytes_of(parts[0])
        else:
            await self._send_several(sender, parts)
        await sender.end()

    async def _send_several(self, sender: "FileSender", parts: Sequence[range]) -> None:
        """Send the ranges as multipart/byteranges (RFC 9110, section 14.6)."""
        boundary = token_hex(16).encode()
        heads = [
            b"\r\n--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n"
            % (boundary, self._content_type, content_range(part, self._file.size))
            for part in parts
        ]
        tail = b"\r\n--%s--\r\n" % boundary
        length = sum(map(len, [*heads, *parts, tail]))
        kind = (b"content-type", b"multipart/byteranges; boundary=" + boundary)
        others = [field for field in self._fields if field[0] != b"content-type"]
        await sender.head(206, [*others, kind, length_of(length)])
        for head, part in zip(heads, parts, strict=True):
            await sender.piece(head)
            await sender.bytes_of(part)
        await sender.piece(tail)

    @property
    def _content_type(self) -> bytes:
        """Return the type of an inline file or of one for players, and UNKNOWN for any other."""
        kind: str = self._file.content_type
        return (kind if self._inline or kind in PLAYED else UNKNOWN.content_type).encode()

    @property
    def _validating(self) -> list[Header]:
        public = self._file.visibility == PUBLIC
        fields = [
            SHARED if public else PRIVATE,
            (b"content-security-policy", SANDBOX),
            (b"etag", self._validators.etag),
            (b"last-modified", self._validators.last_modified),
        ]
        return [*fields, (b"cross-origin-resource-policy", b"cross-origin")] if public else fields

    @property
    def _fields(self) -> list[Header]:
        digest = b64encode(bytes.fromhex(self._file.checksum_sha256))
        kind = "inline" if self._inline else "attachment"
        return [
            *self._validating,
            (b"accept-ranges", b"bytes"),
            (b"content-disposition", disposition(kind, self._file.original_filename)),
            (b"content-type", self._content_type),
            (b"repr-digest", b"sha-256=:%s:" % digest),
        ]


class FileSender:
    """The sender of pieces, which stops when the client has disconnected."""

    def __init__(self, send: Send, stored: StoredObject, gone: Task[None]) -> None:
        self._send, self._stored, self._gone = send, stored, gone

    async def head(self, status: int, headers: list[Header]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def bytes_of(self, part: range) -> None:
        for start in range(part.start, part.stop, PIECE):
            if self._gone.done():
                return
            await self.piece(await self._stored.read(start, min(PIECE, part.stop - start)))

    async def piece(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def length_of(size: int) -> Header:
    return b"content-length", b"%d" % size


def content_range(part: range, size: int) -> bytes:
    return b"bytes %d-%d/%d" % (part.start, part.stop - 1, size)


def disposition(kind: str, name: str) -> bytes:
    """Return the field: the name in ASCII, and exactly as `filename*` (RFC 6266, appendix D)."""
    plain = "".join(char if char.isascii() and char not in '"%\\' else "_" for char in name)
    field = f'{kind}; filename="{plain}"'
    if plain != name:
        field += f"; filename*=UTF-8''{quote(name, safe='')}"
    return field.encode()
