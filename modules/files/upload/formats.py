"""The check that content matches the extension, made as it arrives and without unpacking.

A signature is no protection, because a file may have two formats at once. So every file is served
as a download, or in a sandbox, with a type that the client did not choose (ASVS 5.2.2, 3.2.1).
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from modules.files.errors import ContentMismatch
from modules.files.upload.archives import names_in_archive

Reader = Callable[[int, int], bytes]
"""Reads bytes from an offset, in the given number."""


class Check:
    """The check that accepts any content; the checks of the formats override its methods."""

    def feed(self, data: bytes) -> None:
        """Raises ContentMismatch as soon as the content cannot match."""

    def finish(self, size: int, read: Reader) -> None:
        """Raises ContentMismatch if the whole content does not match."""


class Signature(Check):
    """The check of the first bytes."""

    length = 12

    def __init__(self, pattern: bytes) -> None:
        self._pattern, self._head = re.compile(pattern, re.DOTALL), b""

    def feed(self, data: bytes) -> None:
        if len(self._head) < self.length:
            self._head += data[: self.length - len(self._head)]
            if len(self._head) == self.length:
                self._compare()

    def finish(self, size: int, read: Reader) -> None:
        self._compare()

    def _compare(self) -> None:
        if not self._pattern.match(self._head):
            raise self._mismatch()

    def _mismatch(self) -> ContentMismatch:
        return ContentMismatch("The file does not begin like a file of this type.")


class PdfHeader(Signature):
    """The check for `%PDF-` within the first 1,024 bytes, where PDF readers look for it.

    Source: Adobe's PDF Reference 1.7, appendix H.
    """

    length = 1024

    def __init__(self) -> None:
        super().__init__(rb".*%PDF-")

    def _mismatch(self) -> ContentMismatch:
        return ContentMismatch("%PDF- is not within the first {max} bytes.", max=self.length)


class PlainText(Check):
    """The check for UTF-8 without NUL; the text may be empty."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")()

    def feed(self, data: bytes) -> None:
        self._decode(data, final=False)
        if b"\0" in data:
            raise ContentMismatch("A text file must not have NUL bytes.")

    def finish(self, size: int, read: Reader) -> None:
        self._decode(b"", final=True)

    def _decode(self, data: bytes, *, final: bool) -> None:
        try:
            self._decoder.decode(data, final)
        except UnicodeDecodeError:
            raise ContentMismatch("A text file must be UTF-8.") from None


class OfficeDocument(Signature):
    """The check for a ZIP archive with `[Content_Types].xml` and the folder of the document."""

    def __init__(self, folder: bytes) -> None:
        super().__init__(rb"PK\x03\x04")
        self._folder = folder

    def finish(self, size: int, read: Reader) -> None:
        super().finish(size, read)
        names = names_in_archive(size, read)
        inside = any(name.startswith(self._folder) for name in names)
        if b"[Content_Types].xml" not in names or not inside:
            raise ContentMismatch("The archive is not a document of this type.")


@dataclass(frozen=True)
class Format:
    content_type: str
    check: Callable[[], Check] = Check
    inline: bool = False
    """Whether a browser may show the file in place, because it cannot contain a script."""
    played: bool = False
    """Whether the file is sent with its own type, which players need, but as an attachment."""


def sound(subtype: str, pattern: bytes) -> Format:
    return Format(f"audio/{subtype}", partial(Signature, pattern), played=True)


def film(subtype: str, pattern: bytes) -> Format:
    return Format(f"video/{subtype}", partial(Signature, pattern), played=True)


UNKNOWN = Format("application/octet-stream")
JPEG = Format("image/jpeg", partial(Signature, rb"\xff\xd8\xff"), inline=True)
ISO_MEDIA, EBML = rb"....ftyp", rb"\x1a\x45\xdf\xa3"
OFFICE = "application/vnd.openxmlformats-officedocument"

FORMATS: Mapping[str, Format] = {
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".png": Format("image/png", partial(Signature, rb"\x89PNG\r\n\x1a\n"), inline=True),
    ".gif": Format("image/gif", partial(Signature, rb"GIF8[79]a"), inline=True),
    ".webp": Format("image/webp", partial(Signature, rb"RIFF....WEBP"), inline=True),
    ".mp4": film("mp4", ISO_MEDIA),
    ".m4v": film("mp4", ISO_MEDIA),
    ".mov": film("quicktime", rb"....(ftyp|moov|mdat|wide|free|skip)"),
    ".webm": film("webm", EBML),
    ".mkv": film("matroska", EBML),
    ".ogv": film("ogg", rb"OggS"),
    ".mp3": sound("mpeg", rb"ID3|\xff[\xe0-\xff]"),
    ".m4a": sound("mp4", ISO_MEDIA),
    ".aac": sound("aac", rb"ID3|\xff[\xf0-\xf9]"),
    ".ogg": sound("ogg", rb"OggS"),
    ".opus": sound("ogg", rb"OggS"),
    ".flac": sound("flac", rb"fLaC|ID3"),
    ".wav": sound("wav", rb"RIFF....WAVE"),
    ".weba": sound("webm", EBML),
    ".pdf": Format("application/pdf", PdfHeader),
    ".zip": Format("application/zip", partial(Signature, rb"PK(\x03\x04|\x05\x06)")),
    ".txt": Format("text/plain", PlainText),
    ".csv": Format("text/csv", PlainText),
    ".md": Format("text/markdown", PlainText),
    ".docx": Format(f"{OFFICE}.wordprocessingml.document", partial(OfficeDocument, b"word/")),
    ".xlsx": Format(f"{OFFICE}.spreadsheetml.sheet", partial(OfficeDocument, b"xl/")),
    ".pptx": Format(f"{OFFICE}.presentationml.presentation", partial(OfficeDocument, b"ppt/")),
}
INLINE = frozenset(kind.content_type for kind in FORMATS.values() if kind.inline)
PLAYED = frozenset(kind.content_type for kind in FORMATS.values() if kind.played)
