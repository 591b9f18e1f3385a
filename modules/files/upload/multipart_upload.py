"""The parser that stores a multipart body and checks its limits while it arrives.

All calls block, so they run in a thread, one after another. Litestar's own form parsing is not
used: it holds text parts in memory without a limit, and decodes them by the client's charset.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from core.kit import FieldError, InvalidInput
from core.kit.platform import ParameterValue, error_at
from modules.files.errors import (
    FileTooLarge,
    MalformedUpload,
    StorageDown,
    StorageFull,
    quota_exceeded,
)
from modules.files.storage import Storage
from modules.files.upload.digests import Claim, Digests, claim_in_hex
from modules.files.upload.filenames import filename_of
from modules.files.upload.headers import (
    LARGEST_HEADERS,
    MOST_HEADERS,
    boundary_in,
    claims_of,
    refuse_ambiguous,
)
from modules.files.upload.received import (
    AROUND_A_PART,
    AROUND_ALL,
    MAX_TEXT_BYTES,
    ExpectedFiles,
    Limits,
    ReceivedFile,
)

MIN_PARTS = 20
CHECKSUM = "checksum_sha256"
PARSER_MESSAGES = {
    "Maximum segment count exceeded": "The body has too many parts: send fewer.",
    "Segment header failed to decode": "The header of a part is not UTF-8: send names in UTF-8.",
}
"""The advice for parser errors that well-meant requests cause."""
MAX_CHECKSUM_LENGTH = 65  # one more than a SHA-256 in hex has, so that a longer one is noticed


class MultipartUpload:
    """One upload, which raises an error of the module as soon as the body is certainly invalid."""

    def __init__(
        self,
        content_type: str,
        claims: Iterable[Claim],
        form: ExpectedFiles,
        limits: Limits,
        storage: Storage,
    ) -> None:
        self._form, self._limits, self._storage = form, limits, storage
        self._whole = Digests(claims)
        self._parser = PushMultipartParser(
            boundary_in(content_type),
            max_header_size=LARGEST_HEADERS,
            max_header_count=MOST_HEADERS,
            max_segment_count=max(MIN_PARTS, 2 * form.most),
        )
        self.files: list[ReceivedFile] = []
        self._file: ReceivedFile | None = None
        self._text: TextField | None = None
        self._text_bytes = 0
        self._claimed: list[Claim] = []
        """The digests of the file that comes next."""
        self._parts = self._length = self._payload = 0
        self.unsettled = True

    @property
    def room(self) -> int:
        """Return how many bytes may be collected before `feed` has to check the limits."""
        return self._file.largest - self._file.size if self._file else LARGEST_HEADERS

    def feed(self, chunks: Iterable[bytes]) -> None:
        for chunk in filter(None, chunks):
            self._whole.update(chunk)
            with translate_malformed_errors():
                for event in self._parser.parse(chunk):
                    self._take(event)
            self._length += len(chunk)
            self._refuse_padding()

    def finish(self, chunks: Iterable[bytes]) -> None:
        """Feed the last chunks, and make the received files durable."""
        self.feed(chunks)
        with translate_malformed_errors():
            self._parser.close()
        self._whole.check()
        if not self.files:
            raise invalid(self._form.field, "Send a file in this field.", "missing")
        if self._claimed:
            raise invalid(CHECKSUM, "No file follows this field.", "misplaced")
        for file in self.files:
            file.object.keep()

    def discard(self) -> None:
        for file in self.files:
            with leave_rest_to_cleanup():
                file.object.discard()

    def settle(self) -> None:
        """Settle the objects, after the commit of their rows."""
        self.unsettled = False
        for file in self.files:
            with leave_rest_to_cleanup():
                file.object.settle()

    def release(self) -> None:
        for file in self.files:
            file.object.release()

    @property
    def total(self) -> int:
        return sum(file.size for file in self.files)

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
        with error_at(self._place(len(self.files))):
            filename = filename_of(part)
        if not filename and not part.filename:
            self._text = TextField(part.name or "", is_unfilled_file=filename == "")
            return
        self._expect(part.name or "")
        with error_at(self._place(len(self.files))):
            claims = [*self._claimed, *claims_of(part)]
            file = ReceivedFile(filename or "", self._limits, claims)
        self._claimed = []
        file.begin(self._storage)
        self.files.append(file)
        self._file = file

    def _place(self, index: int) -> str:
        name = self._form.field
        return f"body.{name}" if self._form.most == 1 else f"body.{name}.{index}"

    def _expect(self, name: str) -> None:
        if name != self._form.field:
            raise invalid(
                name, "Send files in the field {field}.", "unknown", field=self._form.field
            )
        if len(self.files) == self._form.most:
            most = self._form.most
            raise invalid(name, "A request has at most {max} files.", "too_many", max=most)

    def _add(self, data: bytes) -> None:
        if self._file:
            with error_at(self._place(len(self.files) - 1)):
                self._file.write(data)
            if self.total > self._limits.left:
                raise quota_exceeded(self._limits.left)
        elif self._text:
            self._text.add(data)
            self._text_bytes += len(data)
            if self._text_bytes > MAX_TEXT_BYTES:
                message = "The text fields have at most {max} bytes together."
                raise FileTooLarge(message, max=MAX_TEXT_BYTES)

    def _end(self) -> None:
        if self._file:
            with error_at(self._place(len(self.files) - 1)):
                self._file.finish()
        elif self._text:
            self._end_text(self._text)
        self._file = self._text = None

    def _end_text(self, field: "TextField") -> None:
        """Take a checksum, and ignore every other text field and each unfilled file input."""
        if field.is_unfilled_file and not field.size:
            return
        if field.is_unfilled_file or field.name == self._form.field:
            raise invalid(field.name, "This field has a file: send a filename with it.", "no_file")
        if field.name == CHECKSUM:
            self._claim(field)

    def _claim(self, field: "TextField") -> None:
        """Keep the ASCII checksum for the next file; ignore the charset of the part."""
        if self._claimed:
            raise invalid(field.name, "Send this field once for each file.", "repeated")
        with error_at(f"body.{CHECKSUM}"):
            self._claimed = [claim_in_hex(field.start.decode("ascii", "replace"))]

    def _refuse_padding(self) -> None:
        """Raise MalformedUpload if there are too many bytes before, between and after the parts."""
        around = self._length - self._payload
        if around > AROUND_ALL + (self._parts + 1) * AROUND_A_PART:
            raise MalformedUpload("The body has too many bytes outside its parts.")


class TextField:
    """A part without a file; only as much of its content is kept as a checksum needs."""

    def __init__(self, name: str, is_unfilled_file: bool) -> None:
        self.name, self.is_unfilled_file = name, is_unfilled_file
        self.start, self.size = bytearray(), 0

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self.start += data[: MAX_CHECKSUM_LENGTH - len(self.start)]


def invalid(name: str, message: str, code: str, **parameters: ParameterValue) -> InvalidInput:
    return InvalidInput([FieldError(f"body.{name[:50]}", message, code, parameters)])


def leave_rest_to_cleanup() -> AbstractContextManager[None]:
    """Ignore errors that the storage has logged; they do not change the response."""
    return suppress(StorageFull, StorageDown)


@contextmanager
def translate_malformed_errors() -> Iterator[None]:
    """Raise MalformedUpload with the reason of the parser, which contains no client data."""
    try:
        yield
    except MultipartError as error:
        reason = str(error.args[0])
        raise MalformedUpload(PARSER_MESSAGES.get(reason, reason + ".")) from None
