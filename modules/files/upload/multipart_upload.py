"""The parser that stores a multipart body and checks its limits while it arrives.

All calls block, so they run in a thread, one after another. Litestar's own form parsing is not
used: it holds text parts in memory without a limit, and decodes them by the client's charset.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from core.kit.platform import error_at
from modules.files.errors import (
    FileTooLarge,
    MalformedUpload,
    StorageDown,
    StorageFull,
    quota_exceeded,
)
from modules.files.storage import Storage
from modules.files.upload.digests import Claim, Digests
from modules.files.upload.headers import (
    LARGEST_HEADERS,
    MOST_HEADERS,
    boundary_in,
    claims_of,
    parameters_of,
)
from modules.files.upload.names import last_part
from modules.files.upload.received import (
    AROUND_A_PART,
    AROUND_ALL,
    CHECKSUM,
    MAX_TEXT_BYTES,
    ExpectedFiles,
    ReceivedFile,
    TextField,
    invalid,
)

MIN_PARTS = 20
PARSER_MESSAGES = {
    "Maximum segment count exceeded": "The body has too many parts: send fewer.",
    "Segment header failed to decode": "The header of a part is not UTF-8: send names in UTF-8.",
}
"""The advice for parser errors that well-meant requests cause."""
LEFT_TO_SWEEP = (StorageFull, StorageDown)
"""Errors that the storage has logged, and that do not change the response."""


class MultipartUpload:
    """One upload, which raises an error of the module as soon as the body is certainly invalid."""

    def __init__(
        self, content_type: str, claims: Iterable[Claim], expected: ExpectedFiles, storage: Storage
    ) -> None:
        self.expected, self._storage = expected, storage
        self._digests = Digests(claims)
        self._parser = PushMultipartParser(
            boundary_in(content_type),
            max_header_size=LARGEST_HEADERS,
            max_header_count=MOST_HEADERS,
            max_segment_count=max(MIN_PARTS, 2 * expected.most),
        )
        self.files: list[ReceivedFile] = []
        self._part: ReceivedFile | TextField | None = None
        self._claimed: list[Claim] = []
        """The digests of the file that comes next."""
        self._parts = self._length = self._payload = 0
        self.unsettled = True

    @property
    def total(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def room(self) -> int:
        """Return how many bytes may be collected before `feed` has to check the limits."""
        return self._part.room if self._part else LARGEST_HEADERS

    def feed(self, chunks: Iterable[bytes]) -> None:
        for chunk in filter(None, chunks):
            self._digests.update(chunk)
            self._length += len(chunk)
            with translate_malformed_errors():
                for event in self._parser.parse(chunk):
                    self._take(event)
            self._refuse_padding()

    def finish(self, chunks: Iterable[bytes]) -> None:
        """Feed the last chunks, and make the received files durable."""
        self.feed(chunks)
        with translate_malformed_errors():
            self._parser.close()
        self._digests.check()
        if not self.files:
            raise invalid(self.expected.field, "Send a file in this field.", "missing")
        if self._claimed:
            raise invalid(CHECKSUM, "No file follows this field.", "misplaced")
        for file in self.files:
            file.object.keep()

    def discard(self) -> None:
        for file in self.files:
            with suppress(*LEFT_TO_SWEEP):
                file.object.discard()

    def settle(self) -> None:
        """Settle the objects, after the commit of their rows."""
        self.unsettled = False
        for file in self.files:
            with suppress(*LEFT_TO_SWEEP):
                file.object.settle()

    def release(self) -> None:
        for file in self.files:
            file.object.release()

    def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """Take the header of a part, a piece of its content, or its end."""
        if isinstance(event, MultipartSegment):
            self._part = self._begin(event)
        elif not self._part:
            raise RuntimeError("The parser yields the header of a part first.")
        elif event is None:
            self._part.finish()
            self._part = None
        else:
            self._payload += len(event)
            self._part.write(bytes(event))
            self._refuse_excess()

    def _begin(self, part: MultipartSegment) -> ReceivedFile | TextField:
        self._parts += 1
        place = self.expected.place(len(self.files))
        extended = parameters_of(part).get("filename*")
        with error_at(place):
            filename = last_part(part.filename, extended)
        if filename or part.filename:
            return self._begin_file(part, filename or "", place)
        is_unfilled = filename is not None
        return TextField(part.name or "", is_unfilled, self.expected.field, self._claimed)

    def _begin_file(self, part: MultipartSegment, filename: str, place: str) -> ReceivedFile:
        name, field, most = part.name or "", self.expected.field, self.expected.most
        if name != field:
            raise invalid(name, "Send files in the field {field}.", "unknown", field=field)
        if len(self.files) == most:
            raise invalid(name, "A request has at most {max} files.", "too_many", max=most)
        with error_at(place):
            claims = [*self._claimed, *claims_of(part)]
            file = ReceivedFile(filename, place, claims, self.expected, self._storage)
        self._claimed.clear()
        self.files.append(file)
        return file

    def _refuse_excess(self) -> None:
        """Raise QuotaExceeded or FileTooLarge if the contents of all parts have too many bytes."""
        if self.total > self.expected.left:
            raise quota_exceeded(self.expected.left)
        if self._payload - self.total > MAX_TEXT_BYTES:
            message = "The text fields have at most {max} bytes together."
            raise FileTooLarge(message, max=MAX_TEXT_BYTES)

    def _refuse_padding(self) -> None:
        """Raise MalformedUpload if there are too many bytes before, between and after the parts."""
        around = self._length - self._payload
        if around > AROUND_ALL + (self._parts + 1) * AROUND_A_PART:
            raise MalformedUpload("The body has too many bytes outside its parts.")


@contextmanager
def translate_malformed_errors() -> Iterator[None]:
    """Raise MalformedUpload with the reason of the parser, which contains no client data."""
    try:
        yield
    except MultipartError as error:
        reason = str(error.args[0])
        raise MalformedUpload(PARSER_MESSAGES.get(reason, reason + ".")) from None
