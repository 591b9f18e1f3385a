"""What a request must look like before anything of ours reads it. uvicorn lets all of it pass."""

from collections.abc import Collection, Sequence
from itertools import chain
from re import compile as pattern
from typing import Any

from core.kernel.errors import BadRequest, ProblemError
from core.web.context import Header

HOST = pattern(rb"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
SINGLE = frozenset({
    b"authorization", b"content-length", b"content-type", b"host", b"idempotency-key",
    b"if-match", b"origin", b"traceparent", b"x-api-key", b"x-request-id",
})  # fmt: skip


class RepeatedHeader(BadRequest):
    code = "http.repeated_header"
    title = "A header field that may be sent once was sent twice."


class BadHost(BadRequest):
    code = "http.bad_host"
    title = "Name exactly one host that is served here."


class UriTooLong(ProblemError):
    status = 414
    code = "http.uri_too_long"
    title = "The address is too long."


class HeadersTooLarge(ProblemError):
    status = 431
    code = "http.headers_too_large"
    title = "There are too many header fields, or they are too long."


class Admission:
    def __init__(
        self,
        hosts: Collection[str],
        url_bytes: int = 8192,
        fields: int = 100,
        header_bytes: int = 16_384,
    ) -> None:
        self._hosts = frozenset(host.lower().encode() for host in hosts)
        self._url_bytes, self._fields, self._header_bytes = url_bytes, fields, header_bytes

    def read(self, scope: Any) -> dict[bytes, bytes]:
        """The header fields by name; whoever asks for more than the limits is refused."""
        fields = scope["headers"]
        if (
            len(fields) > self._fields
            or sum(map(len, chain.from_iterable(fields))) > self._header_bytes
        ):
            raise HeadersTooLarge
        if len(scope["raw_path"]) + len(scope["query_string"]) > self._url_bytes:
            raise UriTooLong
        found = dict(fields)
        if len(found) < len(fields):
            found = joined(fields)
        host = found.get(b"host", b"")
        if host not in self._hosts and not self._welcome(host):
            raise BadHost
        return found

    def _welcome(self, host: bytes) -> bool:
        if not HOST.fullmatch(host):
            return False
        name = host.lower().rpartition(b":")[0] or host.lower()
        return not self._hosts or name.rstrip(b".") in self._hosts or host.lower() in self._hosts


def joined(fields: Sequence[Header]) -> dict[bytes, bytes]:
    """Repeated fields are one list (RFC 9110, 5.3), unless they may only be given once."""
    found: dict[bytes, bytes] = {}
    for name, value in fields:
        if name not in found:
            found[name] = value
        elif name in SINGLE:
            raise BadHost if name == b"host" else RepeatedHeader
        else:
            found[name] += (b"; " if name == b"cookie" else b", ") + value
    return found
