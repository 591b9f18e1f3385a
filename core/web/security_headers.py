"""The security header fields of every response, unless its route sets them itself.

ASVS 3.4; the values are those that OWASP recommends for REST.
"""

from core.engine.http import Header

DEFAULTS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"Accept-Encoding, Origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
OVER_TLS: Header = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'"
)
"""The Content-Security-Policy of HTML pages: no external sources, nothing inline."""


HEADER_NAMES = frozenset(name for name, _ in (*DEFAULTS, OVER_TLS))


class SecurityHeaders(dict[frozenset[bytes], tuple[Header, ...]]):
    """The header fields to add to a response, by those of `HEADER_NAMES` that it has already."""

    def __init__(self, *, tls: bool) -> None:
        self._all = (*DEFAULTS, OVER_TLS) if tls else DEFAULTS

    def __missing__(self, own: frozenset[bytes]) -> tuple[Header, ...]:
        self[own] = rest = tuple(pair for pair in self._all if pair[0] not in own)
        return rest
