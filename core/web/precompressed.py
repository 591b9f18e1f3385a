"""Bytes that many responses send unchanged, compressed once."""

from functools import cached_property
from gzip import compress

from litestar import Response

from core.web.context import http_context
from core.web.responses import accepts_gzip


class Precompressed:
    def __init__(self, content: bytes, media_type: str, caching: str) -> None:
        self._content, self._media_type, self._caching = content, media_type, caching

    @cached_property
    def _compressed(self) -> bytes:
        return compress(self._content, mtime=0)

    def response(self) -> Response[bytes]:
        """Return the bytes; the first compression takes 0.1 s for 2 MB."""
        content, headers = self._content, {"cache-control": self._caching}
        if accepts_gzip(http_context().headers):
            content, headers["content-encoding"] = self._compressed, "gzip"
        return Response(content, media_type=self._media_type, headers=headers)
