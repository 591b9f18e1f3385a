"""CORS for an exact list of origins, with header fields that are built at the start."""

from collections.abc import Collection

from litestar.types import HTTPScope, Receive, Send

from core.engine.http import Header
from core.security.limits import RateLimits
from core.web.context import http_context
from core.web.requests import HttpApp
from core.web.responses import FinishedResponse

PREFLIGHT = b"access-control-request-method"
ALLOWED_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = (
    "Authorization, Content-Type, X-API-Key, If-Match, If-None-Match, If-Modified-Since, "
    "If-Unmodified-Since, If-Range, Range, Idempotency-Key, X-Request-ID, traceparent, tracestate, "
    "baggage, sentry-trace, Content-Digest, Repr-Digest, Cache-Control, X-Requested-With, "
    "Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum, Upload-Concat, "
    "Upload-Defer-Length"
)
EXPOSED = (
    b"ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, "
    b"Idempotency-Replayed, Content-Disposition, Content-Range, Accept-Ranges, Accept-Patch, "
    b"Allow, WWW-Authenticate, Content-Language, Repr-Digest, X-Cache"
)


class CorsMiddleware:
    """Responds to preflight requests, and adds the CORS header fields to all other responses."""

    def __init__(
        self,
        app: HttpApp,
        origins: Collection[str],
        limits: RateLimits,
        api_prefix: str,
        more_headers: Collection[str] = (),
    ) -> None:
        self._app, self._limits, self._api = app, limits, f"{api_prefix}/"
        self._preflight: list[Header] = [
            (b"access-control-allow-methods", ALLOWED_METHODS),
            (b"access-control-allow-headers", ", ".join([REQUEST_HEADERS, *more_headers]).encode()),
            (b"access-control-max-age", b"600"),
        ]
        self._fields: dict[bytes, tuple[Header, ...]] = {
            origin.encode(): (
                (b"access-control-allow-origin", origin.encode()),
                (b"access-control-expose-headers", EXPOSED),
            )
            for origin in origins
        }

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        context = http_context()
        fields = self._fields.get(context.headers.get(b"origin", b""), ())
        context.reply_headers.extend(fields)
        if scope["method"] == "OPTIONS" and PREFLIGHT in context.headers:
            if f"{scope['path']}/".startswith(self._api):
                context.reply_headers += await self._limits.count(context)
            preflight = FinishedResponse(204, [*self._preflight] if fields else [], b"")
            await preflight(scope, receive, send)
        else:
            await self._app(scope, receive, send)
