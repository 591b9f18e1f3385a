"""Responses with JSON bodies, written once by pydantic, and their header fields.

`BodyResponse` is the application's `response_class`, so that a handler returns its `Schema`. A
route that is requested very often keeps the `Representation` of a value and returns that.
"""

from collections.abc import Iterable
from gzip import compress
from hashlib import sha256
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID
from zlib import crc32

from litestar import Litestar, Response
from litestar.datastructures import Cookie
from msgspec import Struct

from core.engine.http import Header
from core.kernel.schemas import Page, Schema
from core.web.context import HttpContext, http_context
from core.web.entity_tags import weakly_listed
from core.web.requests import AnyRequest
from core.web.route_options import RouteOptions

T = TypeVar("T")
JSON: Header = (b"content-type", b"application/json")
PROBLEM: Header = (b"content-type", b"application/problem+json")
PRIVATE: Header = (b"cache-control", b"private, no-cache, no-transform")
SHARED: Header = (b"cache-control", b"no-cache")
MIN_COMPRESSED_BYTES = 1024  # bytes


class FinishedResponse(Struct):
    """A response as an ASGI application, cheaper than Litestar's ASGIResponse for each header."""

    status: int
    headers: list[Header]
    body: bytes

    @classmethod
    def of(cls, body: Schema, status: int, *headers: Header) -> "FinishedResponse":
        content = to_bytes(body)
        length = (b"content-length", b"%d" % len(content))
        return cls(status, [*headers, length], content)

    def to_asgi_response(self, *_: object, **__: object) -> "FinishedResponse":
        """Return the response itself: Litestar calls this after an exception handler."""
        return self

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


class Representation(Generic[T]):
    """The body of a resource at one URL: its bytes and their ETag."""

    __slots__ = ("_content", "_fields", "tag")

    def __init__(self, body: T, path: str, caching: Header = PRIVATE) -> None:
        self._content = to_bytes(body)
        self.tag = tag_of(body, path, self._content)
        length = (b"content-length", b"%d" % len(self._content))
        self._fields = [JSON, length, (b"etag", self.tag), caching]

    def response(self, context: HttpContext, *more: Header, status: int = 200) -> FinishedResponse:
        """Return the body, or 304 if the client has it already (RFC 9110, section 15.4.5)."""
        tags = context.headers.get(b"if-none-match")
        if tags is not None and context.scope["method"] == "GET" and matches(tags, self.tag):
            return FinishedResponse(304, [*self._fields[2:], *more], b"")
        return FinishedResponse(status, [*self._fields, *more], self._content)


class BodyResponse(Response[T], Generic[T]):
    def __init__(self, content: T, **options: Any) -> None:  # Any: those of Response
        """Skip Litestar's constructor for a plain `return body`: it does five times the work."""
        if not is_ours(content) or any(options[name] for name in COSTLY if name in options):
            super().__init__(content, **options)
            return
        self.content, self.media_type = content, options.get("media_type")
        self.status_code = options.get("status_code")
        self.background, self.cookies, self.headers = None, [], {}

    def to_asgi_response(
        self,
        app: Litestar | None,
        request: AnyRequest,
        *,
        status_code: int | None = None,
        headers: dict[str, str] | None = None,
        cookies: Iterable[Cookie] | None = None,
        **rare: Any,  # Any: the further arguments of Litestar
    ) -> Any:  # Any: an ASGIApp
        body: Any = self.content
        if self.background or not is_ours(body):
            rare |= {"status_code": status_code, "headers": headers, "cookies": cookies}
            return super().to_asgi_response(app, request, **rare)
        status = self.status_code or status_code or 200
        more = encoded({**(headers or {}), **self.headers})
        more += [cookie.to_encoded_header() for cookie in (*self.cookies, *(cookies or ()))]
        return response_of(body, status, *more)


COSTLY = ("background", "cookies", "headers")


def response_of(body: Any, status: int, *more: Header) -> FinishedResponse | None:
    """Return the response with this body; None for a body that Litestar has to encode.

    `isinstance` would call pydantic's metaclass, which takes as long as writing the body.
    """
    context, kinds = http_context(), type(body).__mro__
    if Representation in kinds:
        found: FinishedResponse = body.response(context, *more)
        return found
    if Page in kinds:
        return list_response(body, context, *more)
    return resource_response(body, status, context, *more) if Schema in kinds else None


def resource_response(
    body: Schema, status: int, context: HttpContext, *more: Header
) -> FinishedResponse:
    """Return the body with its ETag, and with the `Location` of a resource that was created."""
    path, options = context.scope["path"], context.options
    if status == 201 and (location := options.location_of(body, path)):
        path = location
        more = (*more, (b"location", f"{options.public_url}{location}".encode()))
    if not options.in_api or not names_a_resource(body, status, options):
        return FinishedResponse.of(body, status, JSON, *more)
    shared = options.policy.anyone and context.scope["method"] == "GET"
    caching = SHARED if shared else PRIVATE
    return Representation(body, path, caching).response(context, *more, status=status)


def names_a_resource(body: Schema, status: int, options: RouteOptions) -> bool:
    """Return whether the body has an ETag: that of a row, or of a 200 response without a secret."""
    return body.row is not None or (status == 200 and options.idempotency is not False)


def list_response(body: Page[Any], context: HttpContext, *more: Header) -> FinishedResponse:
    """Return a page with `Link` to its neighbours (RFC 8288), compressed if it is large enough."""
    content = to_bytes(body)
    fields = [JSON, *more]
    if link := links(context, body, context.options.public_url):
        fields.append((b"link", link.encode()))
    if len(content) >= MIN_COMPRESSED_BYTES and accepts_gzip(context.headers):
        content = compress(content, compresslevel=5, mtime=0)
        fields.append((b"content-encoding", b"gzip"))
    return FinishedResponse(200, [*fields, (b"content-length", b"%d" % len(content))], content)


def links(context: HttpContext, body: Page[Any], public_url: str) -> str:
    path = context.scope["path"]
    query = parse_qsl(context.scope["query_string"].decode("ascii", "replace"), True)
    rest = urlencode([pair for pair in query if pair[0] not in ("page", "cursor")])
    start = f"{public_url}{path}?{rest}{'&' * bool(rest)}"

    def link(name: str, value: object, relation: str) -> str:
        return f'<{start}{name}={value}>; rel="{relation}"'

    if body.page is None:
        return link("cursor", body.next_cursor, "next") if body.next_cursor else ""
    last = max(1, -(-(body.total or 0) // body.per_page))
    before = min(body.page - 1, last)
    numbers = {"first": 1, "prev": before, "next": body.page + 1, "last": last}
    return ", ".join(
        link("page", number, relation)
        for relation, number in numbers.items()
        if 1 <= number <= last
    )


def tag_of(body: Any, path: str, content: bytes) -> bytes:
    """Return the ETag: from the version of a `Versioned` row, else from a digest of the content."""
    if type(body).row is not None and (row := body.row):
        return row_tag(path, *row).encode()
    return b'"%s"' % sha256(content).hexdigest()[:24].encode()


def row_tag(path: str, row_id: UUID, version: int) -> str:
    """Return a strong ETag that is valid for this path only (RFC 9110, section 8.8.3)."""
    return f'"{crc32(path.encode(), crc32(row_id.bytes)):08x}.{version}"'


def matches(listed: bytes, tag: bytes) -> bool:
    """Return whether `If-None-Match` lists this tag, by weak comparison (RFC 9110, 13.1.2)."""
    return listed in (tag, b"*") or tag.decode() in weakly_listed(listed)


def accepts_gzip(headers: dict[bytes, bytes]) -> bool:
    accepted = headers.get(b"accept-encoding", b"").lower().replace(b" ", b"").split(b",")
    return any(
        coding == b"gzip" or (coding.startswith(b"gzip;q=") and coding not in REFUSED)
        for coding in accepted
    )


REFUSED = (b"gzip;q=0", b"gzip;q=0.0", b"gzip;q=0.00", b"gzip;q=0.000")


def encoded(headers: dict[str, object]) -> list[Header]:
    return [(name.lower().encode(), str(value).encode()) for name, value in headers.items()]


def is_ours(body: object) -> bool:
    """Return whether it is a Schema or a Representation."""
    return not {Schema, Representation}.isdisjoint(type(body).__mro__)


def to_bytes(body: Any) -> bytes:
    content: bytes = body.__pydantic_serializer__.to_json(body)
    return content
