"""Responses with JSON bodies, written once by pydantic, and their header fields.

`BodyResponse` is the application's `response_class`, so that a handler returns its `Schema`. A
route that is requested very often keeps the `Representation` of a value and returns that.
"""

from collections.abc import Iterable, Mapping
from gzip import compress
from typing import Any, Generic, TypeVar, cast
from urllib.parse import parse_qsl, urlencode

from litestar import Litestar, Response
from litestar.datastructures import Cookie
from litestar.types import Send
from msgspec import Struct

from core.engine.http import Header
from core.kernel.schemas import Page, Schema
from core.web.context import HttpContext, http_context
from core.web.entity_tags import content_tag, matches, row_tag
from core.web.requests import AnyRequest

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

    async def __call__(self, scope: object, receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Representation:
    """The body of a resource at one URL: its bytes and their ETag."""

    __slots__ = ("_content", "_fields", "tag")

    def __init__(self, body: Schema, path: str, caching: Header = PRIVATE) -> None:
        self._content = content = to_bytes(body)
        row = body.row
        tag = row_tag(path, *row) if row else content_tag(content)
        self.tag = tag.encode()
        length = (b"content-length", b"%d" % len(content))
        self._fields = [JSON, length, (b"etag", self.tag), caching]

    def response(self, context: HttpContext, *more: Header, status: int = 200) -> FinishedResponse:
        """Return the body, or 304 if the client has it already (RFC 9110, section 15.4.5)."""
        tags = context.headers.get(b"if-none-match")
        if tags is not None and context.scope["method"] == "GET" and matches(tags, self.tag):
            return FinishedResponse(304, [*self._fields[2:], *more], b"")
        return FinishedResponse(status, [*self._fields, *more], self._content)


class BodyResponse(Response[T], Generic[T]):
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
        """Return the response with this body; Litestar makes those of other types of bodies."""
        if not self.background:
            fields = encoded({**(headers or {}), **self.headers})
            fields += [it.to_encoded_header() for it in (*self.cookies, *(cookies or ()))]
            status = self.status_code or status_code or 200
            if finished := response_of(self.content, status, *fields):
                return finished
        rare |= {"status_code": status_code, "headers": headers, "cookies": cookies}
        return super().to_asgi_response(app, request, **rare)


def response_of(body: object, status: int, *more: Header) -> FinishedResponse | None:
    """Return the response with this body; None for a body that Litestar has to encode.

    `isinstance` of a Schema would call pydantic's metaclass, which takes as long as writing it.
    """
    context, kinds = http_context(), type(body).__mro__
    if isinstance(body, Representation):
        return body.response(context, *more)
    if Page in kinds:
        return list_response(cast("Page[Schema]", body), context, *more)
    if Schema in kinds:
        return resource_response(cast("Schema", body), status, context, *more)
    return None


def resource_response(
    body: Schema, status: int, context: HttpContext, *more: Header
) -> FinishedResponse:
    """Return the body with its ETag, and with the `Location` of a resource that was created."""
    path, options = context.scope["path"], context.options
    if status == 201 and (location := options.location_of(body, path)):
        path = location
        more = (*more, (b"location", f"{options.public_url}{location}".encode()))
    has_tag = body.row is not None or (status == 200 and options.idempotency)
    if not (options.in_api and has_tag):  # not one with a secret
        return FinishedResponse.of(body, status, JSON, *more)
    shared = options.policy.anyone and context.scope["method"] == "GET"
    caching = SHARED if shared else PRIVATE
    return Representation(body, path, caching).response(context, *more, status=status)


def list_response(body: Page[Schema], context: HttpContext, *more: Header) -> FinishedResponse:
    """Return a page with `Link` to its neighbours (RFC 8288), compressed if it is large enough."""
    content = to_bytes(body)
    fields = [JSON, *more]
    if link := links(context, body, context.options.public_url):
        fields.append((b"link", link.encode()))
    if len(content) >= MIN_COMPRESSED_BYTES and accepts_gzip(context.headers):
        content = compress(content, compresslevel=5, mtime=0)
        fields.append((b"content-encoding", b"gzip"))
    return FinishedResponse(200, [*fields, (b"content-length", b"%d" % len(content))], content)


def links(context: HttpContext, body: Page[Schema], public_url: str) -> str:
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


def accepts_gzip(headers: dict[bytes, bytes]) -> bool:
    accepted = headers.get(b"accept-encoding", b"").lower().replace(b" ", b"").split(b",")
    return any(
        coding == b"gzip" or (coding.startswith(b"gzip;q=") and coding not in REFUSED)
        for coding in accepted
    )


REFUSED = (b"gzip;q=0", b"gzip;q=0.0", b"gzip;q=0.00", b"gzip;q=0.000")


def encoded(headers: Mapping[str, object]) -> list[Header]:
    return [(name.lower().encode(), str(value).encode()) for name, value in headers.items()]


def to_bytes(body: Schema) -> bytes:
    return body.__pydantic_serializer__.to_json(body)
