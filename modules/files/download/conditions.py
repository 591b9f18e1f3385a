"""The conditions of a request for a file and for ranges of it (RFC 9110, section 13.2.2).

The bytes of a file never change, so its creation time is as strong a validator as its digest.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from core.kit import Stale
from core.kit.platform import listed_tags, matches

Headers = Mapping[bytes, bytes]


class Validators:
    def __init__(self, checksum_sha256: str, created_at: datetime) -> None:
        self._created_at = created_at.astimezone(UTC).replace(microsecond=0)
        self.etag = f'"{checksum_sha256}"'.encode()
        self.last_modified = format_datetime(self._created_at, usegmt=True).encode()

    def known(self, headers: Headers) -> bool:
        """Return whether the client has the bytes already. Raises Stale if a precondition fails."""
        self._must_match(headers)
        if (tags := headers.get(b"if-none-match")) is not None:
            return matches(tags, self.etag)
        since = http_date(headers.get(b"if-modified-since"))
        return since is not None and self._created_at <= since

    def permit_range(self, headers: Headers) -> bool:
        """Return whether `If-Range` matches or is absent."""
        condition = headers.get(b"if-range")
        return condition is None or condition.strip() in (self.etag, self.last_modified)

    def _must_match(self, headers: Headers) -> None:
        if (header := headers.get(b"if-match")) is not None:
            tags = listed_tags(header)
            if tags is not None and self.etag.decode() not in tags:
                raise Stale
            return
        since = http_date(headers.get(b"if-unmodified-since"))
        if since is not None and self._created_at > since:
            raise Stale


def http_date(date: bytes | None) -> datetime | None:
    """Return the time of an HTTP date, or None for any other value."""
    try:
        parsed = parsedate_to_datetime((date or b"").decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
