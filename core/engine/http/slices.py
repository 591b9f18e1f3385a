"""The pieces in which received data is parsed, so that an excess is detected early."""

from collections.abc import Iterator

MAX_WAITING = 16
"""The number of pipelined requests that may wait while an earlier one is processed."""
END_OF_HEAD = b"\r\n\r\n"
WAITING_BYTES = MAX_WAITING * len(b"GET / HTTP/1.1" + END_OF_HEAD)
"""At most MAX_WAITING requests can end within this number of bytes."""
SLICE_BYTES = 16_384
"""The largest piece that is parsed at once, so that an excess is detected one piece late at most.

A body of known length is not cut into pieces.
"""


def pieces(data: bytes, body: int) -> Iterator[bytes]:
    """Yield the first `body` bytes whole, and the rest in pieces with few requests each."""
    if body:
        yield data[:body]
    for start in range(body, len(data), SLICE_BYTES):
        piece = data[start : start + SLICE_BYTES]
        step = SLICE_BYTES if piece.count(END_OF_HEAD) < MAX_WAITING else WAITING_BYTES
        yield from (piece[at : at + step] for at in range(0, len(piece), step))
