"""The fingerprint of a request body: a digest with a secret key, because bodies hold passwords.

A multipart body is digested by the names, file names and contents of its parts, without the
boundary. The first of several keys is the current one; fingerprints under the others still match.
"""

from collections.abc import Sequence
from hashlib import sha256
from hmac import HMAC, compare_digest

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header


class Fingerprint:
    def __init__(self, keys: Sequence[bytes], content_type: str) -> None:
        kind = content_type.partition(";")[0].strip().lower().encode()
        self._macs = [HMAC(key, kind, sha256) for key in keys]

    def update(self, chunk: bytes | bytearray) -> None:
        for mac in self._macs:
            mac.update(chunk)

    def digest(self) -> str:
        return self._macs[0].hexdigest()

    def matches(self, digest: str) -> bool:
        return any(compare_digest(mac.hexdigest(), digest) for mac in self._macs)


class MultipartFingerprint(Fingerprint):
    def __init__(self, keys: Sequence[bytes], content_type: str, boundary: str) -> None:
        super().__init__(keys, content_type)
        self._parser: PushMultipartParser | None = PushMultipartParser(
            boundary, max_segment_count=100, max_header_size=8192
        )

    def update(self, chunk: bytes | bytearray) -> None:
        if self._parser is None or not chunk:
            return
        try:
            for event in self._parser.parse(chunk):
                self._add(event)
        except MultipartError:  # the handler refuses the body too
            self._parser = None

    def _add(self, event: MultipartSegment | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            super().update(f"\0{event.name!r}{event.filename!r}\0".encode())
        elif event is not None:
            super().update(event)


def fingerprint_of(keys: Sequence[bytes], content_type: str) -> Fingerprint:
    kind, options = parse_options_header(content_type[:500])
    if kind == "multipart/form-data" and 0 < len(boundary := options.get("boundary", "")) <= 70:
        return MultipartFingerprint(keys, content_type, boundary)
    return Fingerprint(keys, content_type)


def is_multipart(content_type: str) -> bool:
    return content_type[:20].lower().startswith("multipart/")
