"""The response with a file: its header fields, then its bytes in pieces, never compressed."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from secrets import token_hex
from typing import Self
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
Content = Sequence[bytes | range]
"""The body: bytes as they are, and ranges of the file."""


class DownloadResponse(Response[bytes]):
    """The response opens the stored object only to send its bytes: not for HEAD or a 304."""

    def __init__(self, file: File, open_object: Open, *, inline: bool) -> None:
        super().__init__(b"")
        self._file, self._open = file, open_object
        self._inline = inline and file.content_type in INLINE
        self._validators = Validators(file.checksum_sha256, file.created_at)

    def to_asgi_response(self, *_: object, **__: object) -> Self:  # type: ignore[override]
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = http_context()
        if self._validators.known(context.headers):
            return await FinishedResponse(304, self._validating, b"")(scope, receive, send)
        status, fields, content = self._content(self._ranges(context))
        length = (b"content-length", b"%d" % sum(map(len, content)))
        headers = [*self._validating, *self._fields, *fields, length]
        if context.method == "HEAD":
            return await send_head(send, status, headers)
        async with aclosing(await self._open()) as stored, client_watched(receive) as gone:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            for piece in pieces(content):
                if gone.done():
                    return
                data = await stored.read(piece) if isinstance(piece, range) else piece
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _ranges(self, context: HttpContext) -> list[range] | None:
        """Return the ranges to send, or None for the whole file. Raises RangeNotSatisfiable."""
        header = context.headers.get(b"range")
        if header is None or context.method != "GET":
            return None
        if not self._validators.permit_range(context.headers):
            return None
        return ranges_in(header.decode("latin-1"), self._file.size)

    def _content(self, ranges: list[range] | None) -> tuple[int, list[Header], Content]:
        """Return the status, the header fields of this content, and the content."""
        kind = (b"content-type", self._content_type)
        if ranges is None:
            return 200, [kind], [range(self._file.size)]
        if len(ranges) == 1:
            return 206, [kind, (b"content-range", self._place(ranges[0]))], ranges
        boundary = token_hex(16).encode()
        several = (b"content-type", b"multipart/byteranges; boundary=" + boundary)
        return 206, [several], [*self._parts(ranges, boundary)]

    def _parts(self, ranges: Iterable[range], boundary: bytes) -> Iterator[bytes | range]:
        """Yield the parts of multipart/byteranges (RFC 9110, section 14.6)."""
        for part in ranges:
            yield b"\r\n--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n" % (
                boundary,
                self._content_type,
                self._place(part),
            )
            yield part
        yield b"\r\n--%s--\r\n" % boundary

    def _place(self, part: range) -> bytes:
        return b"bytes %d-%d/%d" % (part.start, part.stop - 1, self._file.size)

    @property
    def _content_type(self) -> bytes:
        """Return the type of an inline file or of one for players, and UNKNOWN for any other."""
        kind = self._file.content_type
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
            (b"accept-ranges", b"bytes"),
            (b"content-disposition", disposition(kind, self._file.original_filename)),
            (b"repr-digest", b"sha-256=:%s:" % digest),
        ]


def pieces(content: Content) -> Iterator[bytes | range]:
    """Yield the content in parts that memory can hold."""
    for part in content:
        if isinstance(part, range):
            yield from (part[at : at + PIECE] for at in range(0, len(part), PIECE))
        else:
            yield part


def disposition(kind: str, name: str) -> bytes:
    """Return the field: the name in ASCII, and exactly as `filename*` (RFC 6266, appendix D)."""
    plain = "".join(char if char.isascii() and char not in '"%\\' else "_" for char in name)
    field = f'{kind}; filename="{plain}"'
    if plain != name:
        field += f"; filename*=UTF-8''{quote(name, safe='')}"
    return field.encode()
