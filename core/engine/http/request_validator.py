"""Checks of a request that run before any other code; most servers accept what these refuse.

Each error also closes the connection, because the bytes could be meant as two requests.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import chain
from re import compile as pattern
from urllib.parse import unquote_to_bytes

from core.engine.http.asgi import Header, Scope
from core.engine.http.errors import (
    BadHost,
    BadUrl,
    HeadersTooLarge,
    Misdirected,
    RepeatedHeader,
    UnknownCoding,
    Unparsable,
    UriTooLong,
)
from core.kernel.errors import error_at

MAX_FIELDS = 100
MAX_HEADER_BYTES = 16_384
MAX_URL_BYTES = 8_192
MAX_SPELLINGS = 64
HOST = pattern(rb"([A-Za-z0-9._-]{1,253}?|\[[0-9A-Fa-f:.]{2,45}\])\.?(?::[0-9]{1,5})?")
STRAY_PERCENT = pattern(rb"%(?![0-9A-Fa-f]{2})")
CONTROLS = pattern(rb"[\x00-\x1f\x7f]")
ONCE = frozenset({
    b"access-control-request-method", b"authorization", b"content-disposition", b"content-length",
    b"content-range", b"content-type", b"expect", b"host", b"idempotency-key", b"if-modified-since",
    b"if-range", b"if-unmodified-since", b"origin", b"range", b"tus-resumable",
    b"upload-checksum", b"upload-concat", b"upload-defer-length", b"upload-length",
    b"upload-metadata", b"upload-offset", b"x-api-key", b"x-http-method-override",
})  # fmt: skip
"""Fields that may occur once, because two values could mean two requests."""

HINTS = frozenset({b"referer", b"traceparent", b"tracestate", b"user-agent", b"x-request-id"})
"""Fields that do not change a response: repeated ones are dropped, malformed ones ignored."""


class RequestValidator:
    def __init__(self, hosts: Collection[str], any_host: Collection[str] = ()) -> None:
        """Accept the host names in `hosts` on any port; an IPv6 host is in brackets.

        The paths in `any_host`, and the paths below them, are served for any Host or none; the
        router, which refuses a malformed one, gets no other Host than an accepted one.
        """
        self._hosts = frozenset(host.lower().encode() for host in hosts)
        self._any_host = tuple(path.encode() + b"/" for path in any_host)
        self._accepted: set[bytes] = set()

    def read(self, scope: Scope) -> dict[bytes, bytes]:
        """Return the header fields by name. Raises the error of the server or of a check."""
        if "refusal" in scope:
            raise scope["refusal"]
        fields = scope["headers"]
        if len(fields) > MAX_FIELDS or sum(map(len, chain(*fields))) > MAX_HEADER_BYTES:
            limits = {"fields": MAX_FIELDS, "bytes": MAX_HEADER_BYTES}
            raise HeadersTooLarge(
                "A request has at most {fields} header fields and {bytes} bytes of them.", **limits
            )
        path, query = scope["raw_path"], scope["query_string"]
        if len(path) + len(query) >= MAX_URL_BYTES or b"%" in path or b"%" in query:
            check_url(path, query)
        headers = dict(fields)
        if len(headers) < len(fields):
            headers = joined(fields)
        if (host := headers.get(b"host", b"")) not in self._accepted:
            self._check(scope, host)
        if (coding := headers.get(b"transfer-encoding")) is not None:
            check_coding(coding, scope["http_version"])
        if not scope["http_version"].startswith("1."):
            raise Unparsable
        return headers

    def _check(self, scope: Scope, host: bytes) -> None:
        match = HOST.fullmatch(host)
        if match and match[1].lower() in self._hosts:
            if len(self._accepted) < MAX_SPELLINGS:  # clients choose the case and the port
                self._accepted.add(host)
        elif (scope["raw_path"] + b"/").startswith(self._any_host):
            scope["headers"][:] = [field for field in scope["headers"] if field[0] != b"host"]
        else:
            raise Misdirected if match else BadHost


def check_coding(coding: bytes, version: str) -> None:
    """Raise UnknownCoding if the end of the body is not certain (RFC 9112, section 6.1)."""
    if coding.lower() != b"chunked" or version != "1.1":
        raise UnknownCoding


def check_url(path: bytes, query: bytes) -> None:
    if len(path) + len(query) + bool(query) > MAX_URL_BYTES:
        raise UriTooLong("At most {max} bytes.", max=MAX_URL_BYTES)
    if b"%" in path or b"%" in query:
        with error_at("path"):
            check_encoding(path)
        with error_at("query"):
            check_encoding(query)


def check_encoding(text: bytes) -> None:
    decoded = unquote_to_bytes(text)
    if STRAY_PERCENT.search(text) or CONTROLS.search(decoded):
        raise BadUrl
    try:
        decoded.decode()
    except UnicodeDecodeError:
        raise BadUrl from None


def joined(fields: Sequence[Header]) -> dict[bytes, bytes]:
    """Return the fields, each repeated one joined to a list (RFC 9110, section 5.3).

    Raises BadHost or RepeatedHeader for a field that may occur once.
    """
    headers: dict[bytes, bytes] = {}
    for name, value in fields:
        if name not in headers or name in HINTS:
            headers[name] = value
        elif name in ONCE:
            raise BadHost if name == b"host" else repeated(name.decode("latin-1"))
        else:
            headers[name] += (b"; " if name == b"cookie" else b", ") + value
    counts = Counter(name for name, _ in fields if name in HINTS)
    return {name: value for name, value in headers.items() if counts[name] < 2}


def repeated(name: str) -> RepeatedHeader:
    return RepeatedHeader("Send {name} once.", name=name).at(f"header.{name}")
