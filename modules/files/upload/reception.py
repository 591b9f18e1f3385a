"""One multipart body on its way into the storage, and the limits it is held to while it comes.

It blocks: each call is made in a thread, one after another. Litestar's own form parsing is not
used: it holds text parts in memory without a limit, and decodes them by the client's charset.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from core.kernel.errors import FieldError, InvalidInput
from modules.files.errors import (
    FileTooLarge,
    MalformedUpload,
    NotMultipart,
    QuotaExceeded,
    TypeNotAllowed,
)
from modules.files.storage import NewObject, Storage
from modules.files.upload.digests import HEADERS, Claim, Digests, claim_in_hex, claims_in
from modules.files.upload.formats import format_of
from modules.files.upload.names import extension_of, tidy_name

KIB = 1024
LONGEST_BOUNDARY = 70  # RFC 2046, section 5.1.1
MOST_HEADERS, LARGEST_HEADERS = 8, 4 * KIB
LARGEST_TEXT = 64 * KIB
LEAST_PARTS = 20
AROUND_A_PART = 2 * LONGEST_BOUNDARY + LARGEST_HEADERS + 64
AROUND_ALL = 2 * KIB
CHECKSUM = "checksum_sha256"
PARAMETER = re.compile(r";\s*(name|filename)\s*=", re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """What is expected: so many files under this name."""

    field: str
    most: int


@dataclass(frozen=True)
class Limits:
    largest: int
    """Of one file, in bytes."""
    left: int
    """Of the quota, for all of them together."""
    extensions: Collection[str]

    def refuse(self, form: Form, length: int) -> None:
        """A body of this length cannot be a good one, whatever it says."""
        around = form.most * 2 * AROUND_A_PART + AROUND_ALL
        if length > form.most * self.largest + around:
            raise FileTooLarge(f"A file has at most {self.largest} bytes.")
        if length > self.left + around:
            raise QuotaExceeded(f"There are {self.left} bytes left.")


class ReceivedFile:
    def __init__(self, given_name: str, limits: Limits, claims: Iterable[Claim]) -> None:
        self.name = tidy_name(given_name)
        self.extension = extension_of(self.name)
        if self.extension not in limits.extensions:
            raise TypeNotAllowed(f"Any of {', '.join(sorted(limits.extensions))}.")
        self.format = format_of(self.extension)
        self.size, self.largest = 0, limits.largest
        self._check, self._sha256, self._claims = self.format.check(), sha256(), Digests(claims)

    def begin(self, storage: Storage) -> None:
        self.object: NewObject = storage.create()

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self.largest:
            raise FileTooLarge(f"A file has at most {self.largest} bytes.")
        self._check.feed(data)
        self._sha256.update(data)
        self._claims.update(data)
        self.object.write(data)

    def finish(self) -> None:
        self._check.finish(self.size, self.object.read)
        self._claims.check()

    @property
    def checksum(self) -> str:
        return self._sha256.hexdigest()


class Reception:
    """Raises the named errors of the module as soon as something is wrong for certain."""

    def __init__(
        self,
        content_type: str,
        claims: Iterable[Claim],
        form: Form,
        limits: Limits,
        storage: Storage,
    ) -> None:
        self._form, self._limits, self._storage = form, limits, storage
        self._whole = Digests(claims)
        self._parser = PushMultipartParser(
            boundary_in(content_type),
            max_header_size=LARGEST_HEADERS,
            max_header_count=MOST_HEADERS,
            max_segment_count=max(LEAST_PARTS, 2 * form.most),
        )
        self.files: list[ReceivedFile] = []
        self._file: ReceivedFile | None = None
        self._text: tuple[str, bytearray] | None = None
        self._claimed: list[Claim] = []
        """Of the file that comes next."""
        self._parts = self._length = self._payload = 0
        self.unsettled = True

    @property
    def room(self) -> int:
        """How much may come before it must be looked at, lest a limit be passed unseen."""
        return self._file.largest - self._file.size if self._file else LARGEST_HEADERS

    def feed(self, chunks: Iterable[bytes]) -> None:
        try:
            for chunk in filter(None, chunks):
                self._whole.update(chunk)
                for event in self._parser.parse(chunk):
                    self._take(event)
                self._length += len(chunk)
                self._refuse_padding()
        except MultipartError as error:
            raise MalformedUpload(f"{error}.") from None

    def finish(self, chunks: Iterable[bytes]) -> None:
        """The last of it; what has been received is durable then."""
        self.feed(chunks)
        try:
            self._parser.close()
        except MultipartError as error:
            raise MalformedUpload(f"{error}.") from None
        self._whole.check()
        if not self.files:
            raise invalid(self._form.field, "Send a file under this name.", "missing")
        if self._claimed:
            raise invalid(CHECKSUM, "No file came after it.", "misplaced")
        for each in self.files:
            each.object.keep()

    def discard(self) -> None:
        for each in self.files:
            each.object.discard()

    def settle(self) -> None:
        """Their rows have been committed."""
        self.unsettled = False
        for each in self.files:
            each.object.settle()

    def release(self) -> None:
        for each in self.files:
            each.object.release()

    @property
    def total(self) -> int:
        return sum(each.size for each in self.files)

    def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is None:
            self._end()
        else:
            self._payload += len(event)
            self._add(bytes(event))

    def _begin(self, part: MultipartSegment) -> None:
        self._parts += 1
        refuse_ambiguous(part)
        if part.filename is None:
            self._text = (part.name or "", bytearray())
            return
        self._expect(part.name or "")
        headers = [value for name, value in part.headerlist if name.lower() in HEADERS]
        claims = [*self._claimed, *(claim for each in headers for claim in claims_in(each))]
        self._claimed = []
        file = ReceivedFile(part.filename, self._limits, claims)
        file.begin(self._storage)
        self.files.append(file)
        self._file = file

    def _expect(self, name: str) -> None:
        if name != self._form.field:
            raise invalid(name, f"Files come under {self._form.field}.", "unknown")
        if len(self.files) == self._form.most:
            raise invalid(name, f"At most {self._form.most} in one request.", "too_many")

    def _add(self, data: bytes) -> None:
        if self._file:
            self._file.write(data)
            if self.total > self._limits.left:
                raise QuotaExceeded(f"There are {self._limits.left} bytes left.")
        elif self._text:
            self._text[1].extend(data)
            if len(self._text[1]) > LARGEST_TEXT:
                raise FileTooLarge(f"A field has at most {LARGEST_TEXT} bytes.")

    def _end(self) -> None:
        if self._file:
            self._file.finish()
        elif self._text:
            self._end_text(*self._text)
        self._file = self._text = None

    def _end_text(self, name: str, text: bytearray) -> None:
        """Whatever charset the part names: a checksum is ASCII."""
        if name == self._form.field:
            raise invalid(name, "This is a file: give it a filename.", "no_file")
        if name != CHECKSUM:
            raise invalid(name, "There is no such field.", "unknown")
        if self._claimed:
            raise invalid(name, "Once for each file.", "repeated")
        self._claimed = [claim_in_hex(text.decode("ascii", "replace"))]

    def _refuse_padding(self) -> None:
        """Before, between and after the parts there is nothing to say."""
        around = self._length - self._payload
        if around > AROUND_ALL + (self._parts + 1) * AROUND_A_PART:
            raise MalformedUpload("There is too much around its parts.")


def boundary_in(content_type: str) -> str:
    """Raises NotMultipart and MalformedUpload."""
    kind, options = parse_options_header(content_type[:500])
    if kind != "multipart/form-data":
        raise NotMultipart
    boundary: str = options.get("boundary", "")
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not is_plain(boundary):
        raise MalformedUpload(f"Name its boundary, of at most {LONGEST_BOUNDARY} characters.")
    return boundary


def is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def refuse_ambiguous(part: MultipartSegment) -> None:
    """Two readers must not find two names in it, nor a name that another hides."""
    names = [name for name, _ in part.headerlist]
    if len(set(names)) < len(names):
        raise MalformedUpload("A part has each header once.")
    if sum(len(name) + len(value) for name, value in part.headerlist) > LARGEST_HEADERS:
        raise MalformedUpload(f"The headers of a part have at most {LARGEST_HEADERS} bytes.")
    parameters: Sequence[str] = PARAMETER.findall(part.header("Content-Disposition", "").lower())
    if len(set(parameters)) < len(parameters):
        raise MalformedUpload("A part has one name and one filename.")


def invalid(field: str, message: str, code: str) -> InvalidInput:
    return InvalidInput([FieldError(f"body.{field[:50]}", message, code)])
