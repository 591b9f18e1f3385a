"""The security header fields of every response, unless its route sets them itself.

ASVS 3.4; the values are those that OWASP recommends for REST.
"""

from collections.abc import Iterable

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


class SecurityHeaders:
    """The header fields that a response lacks, cached for each set of names that routes set."""

    def __init__(self, *, tls: bool) -> None:
        self._all = (*DEFAULTS, OVER_TLS) if tls else DEFAULTS
        self._names = frozenset(name for name, _ in self._all)
        self._rest: dict[frozenset[bytes], tuple[Header, ...]] = {}

    def missing(self, sent: Iterable[Header]) -> tuple[Header, ...]:
        own = self._names.intersection([name for name, _ in sent])
        rest = self._rest.get(own)
        if rest is None:
            rest = self._rest[own] = tuple(pair for pair in self._all if pair[0] not in own)
        return rest
