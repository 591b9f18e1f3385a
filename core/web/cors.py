"""Which pages of other origins may call: an exact list, each with its header fields made ready."""

from collections.abc import Collection
from typing import Any

from core.security.limits import RateLimits
from core.web.context import Header, context_of
from core.web.limits import count_request
from core.web.responses import FinishedResponse

METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = (
    b"Authorization, Content-Type, X-API-Key, If-Match, If-None-Match, Range, Idempotency-Key, "
    b"X-Request-ID, traceparent, Content-Digest, Tus-Resumable, Upload-Length, Upload-Offset, "
    b"Upload-Metadata, Upload-Checksum, Upload-Concat, Upload-Defer-Length"
)
EXPOSED = (
    b"ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, "
    b"Idempotency-Replayed, Content-Disposition, Content-Range, Accept-Ranges, Repr-Digest, "
    b"X-Cache, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Upload-Offset, "
    b"Upload-Length, Upload-Expires"
)
PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", METHODS),
    (b"access-control-allow-headers", REQUEST_HEADERS),
    (b"access-control-max-age", b"600"),
)


class CorsMiddleware:
    """Answers preflights itself; says on every other answer which origin may read it."""

    def __init__(
        self, app: Any, origins: Collection[str], limits: RateLimits, api_prefix: str
    ) -> None:
        self._app, self._limits, self._api = app, limits, f"{api_prefix}/"
        self._fields: dict[bytes, tuple[Header, ...]] = {
            origin.encode(): (
                (b"access-control-allow-origin", origin.encode()),
                (b"access-control-expose-headers", EXPOSED),
            )
            for origin in origins
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        context = context_of(scope)
        origin = context.headers.get(b"origin")
        if origin is None:
            await self._app(scope, receive, send)
            return
        fields = self._fields.get(origin, ())
        context.reply_headers.extend(fields)
        if scope["method"] == "OPTIONS" and is_preflight(context.headers):
            if f"{scope['path']}/".startswith(self._api):
                await count_request(self._limits, context, limit=None)
            preflight = FinishedResponse(204, list(PREFLIGHT) if fields else [], b"")
            await preflight(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_preflight(headers: dict[bytes, bytes]) -> bool:
    return b"access-control-request-method" in headers
