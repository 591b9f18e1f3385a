"""What a request body says, as a digest under a key of ours, for bodies hold passwords.

Of a multipart body the names, file names and contents of its parts count, not the boundary.
"""

from hashlib import sha256
from hmac import HMAC
from typing import Protocol

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header


class Fingerprint(Protocol):
    def update(self, chunk: bytes) -> None: ...
    def digest(self) -> str: ...


class PlainFingerprint:
    def __init__(self, key: bytes, content_type: str) -> None:
        self._mac = HMAC(key, content_type.partition(";")[0].strip().lower().encode(), sha256)

    def update(self, chunk: bytes) -> None:
        self._mac.update(chunk)

    def digest(self) -> str:
        return self._mac.hexdigest()


class MultipartFingerprint(PlainFingerprint):
    def __init__(self, key: bytes, content_type: str, boundary: str) -> None:
        super().__init__(key, content_type)
        self._parser: PushMultipartParser | None = PushMultipartParser(
            boundary, max_segment_count=100, max_header_size=8192
        )

    def update(self, chunk: bytes) -> None:
        if self._parser is None or not chunk:
            return
        try:
            for event in self._parser.parse(chunk):
                self._add(event)
        except MultipartError:  # whoever reads the body refuses it too
            self._parser = None

    def _add(self, event: MultipartSegment | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._mac.update(f"\0{event.name!r}{event.filename!r}\0".encode())
        elif event is not None:
            self._mac.update(event)


def fingerprint_of(key: bytes, content_type: str) -> Fingerprint:
    kind, options = parse_options_header(content_type[:500])
    if kind == "multipart/form-data" and 0 < len(boundary := options.get("boundary", "")) <= 70:
        return MultipartFingerprint(key, content_type, boundary)
    return PlainFingerprint(key, content_type)


def is_multipart(content_type: str) -> bool:
    return content_type[:20].lower().startswith("multipart/")
