"""The names in a ZIP archive, read from its central directory alone (APPNOTE.TXT 4.3.12, 4.3.16).

`zipfile` would make an object for each of a million entries; this module reads a bounded part.
"""

from collections.abc import Callable
from struct import Struct, error

from modules.files.errors import ContentMismatch

END = Struct("<4s4H2LH")
ENTRY = Struct("<4s24x3H12x")
MAX_COMMENT_LENGTH = 2**16 - 1
MAX_ENTRIES = 10_000
MAX_DIRECTORY_BYTES = 2**21  # bytes


def names_in_archive(size: int, read: Callable[[int, int], bytes]) -> set[bytes]:
    """Return the names of all entries. Raises ContentMismatch."""
    tail_at = max(0, size - END.size - MAX_COMMENT_LENGTH)
    tail = read(tail_at, size - tail_at)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < END.size:
        raise ContentMismatch("The ZIP archive is not complete.")
    _, disk, first_disk, here, entries, length, offset, _ = END.unpack_from(tail, end)
    if disk or first_disk or here != entries or entries > MAX_ENTRIES:
        raise ContentMismatch(
            "A ZIP archive must be one file with at most {max} entries.", max=MAX_ENTRIES
        )
    if length > MAX_DIRECTORY_BYTES or offset + length > tail_at + end:
        raise ContentMismatch("The list of entries is too long, or in the wrong place.")
    return entry_names(read(offset, length), entries)


def entry_names(directory: bytes, entries: int) -> set[bytes]:
    names, at = set(), 0
    for _ in range(entries):
        try:
            signature, name, extra, comment = ENTRY.unpack_from(directory, at)
        except error:
            raise ContentMismatch("The list of entries is not complete.") from None
        if signature != b"PK\x01\x02":
            raise ContentMismatch("The list of entries is damaged.")
        names.add(directory[at + ENTRY.size : at + ENTRY.size + name])
        at += ENTRY.size + name + extra + comment
    return names
