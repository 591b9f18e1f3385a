"""The parts of a form while they are received, and the limits of its files."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core.kit import FieldError, InvalidInput
from core.kit.platform import ParameterValue, error_at
from modules.files.errors import FileTooLarge, TypeNotAllowed, quota_exceeded
from modules.files.storage import Storage
from modules.files.upload.digests import SHA256, Claim, Digests, claim_in_hex
from modules.files.upload.formats import FORMATS, UNKNOWN
from modules.files.upload.headers import LARGEST_HEADERS, MAX_BOUNDARY_LENGTH
from modules.files.upload.names import extension_of, tidy_name

AROUND_A_PART = 2 * MAX_BOUNDARY_LENGTH + LARGEST_HEADERS + 64
AROUND_ALL = 2 * 1024
MAX_TEXT_BYTES = 64 * 1024
"""The size limit of all text fields of a form together."""
CHECKSUM = "checksum_sha256"
MAX_CHECKSUM_LENGTH = 65  # one more than a SHA-256 in hex has, so that a longer one is noticed


@dataclass(frozen=True)
class ExpectedFiles:
    field: str
    """The form field of the files."""
    most: int
    """The most files that it may have."""
    largest: int
    """The most bytes of one file."""
    left: int
    """The bytes of the quota that are left for all files together."""
    extensions: Collection[str]

    @property
    def around(self) -> int:
        """Return how many bytes of a body may be anything except the contents of its files."""
        return self.most * 2 * AROUND_A_PART + AROUND_ALL + MAX_TEXT_BYTES

    def check_length(self, length: int) -> None:
        """Raise FileTooLarge or QuotaExceeded if no body of this length can be valid."""
        contents = length - self.around
        if contents > self.most * self.largest:
            raise FileTooLarge("A file has at most {max} bytes.", max=self.largest)
        if contents > self.left:
            raise quota_exceeded(self.left)

    def place(self, index: int) -> str:
        return f"body.{self.field}" if self.most == 1 else f"body.{self.field}.{index}"


class ReceivedFile:
    def __init__(
        self,
        given: str,
        place: str,
        claims: Iterable[Claim],
        files: ExpectedFiles,
        storage: Storage,
    ) -> None:
        self.name, self._place = tidy_name(given), place
        self.extension = extension_of(self.name)
        if self.extension not in files.extensions:
            allowed = sorted(files.extensions)
            raise TypeNotAllowed("The extension must be one of {allowed}.", allowed=allowed)
        self.format = FORMATS.get(self.extension, UNKNOWN)
        self._check, self._digests = self.format.check(), Digests(claims, SHA256)
        self.size, self._largest = 0, files.largest
        self.object = storage.create()

    @property
    def room(self) -> int:
        """Return how many more bytes the file may have."""
        return self._largest - self.size

    def write(self, data: bytes) -> None:
        self.size += len(data)
        with error_at(self._place):
            if self.size > self._largest:
                raise FileTooLarge("A file has at most {max} bytes.", max=self._largest)
            self._check.feed(data)
        self._digests.update(data)
        self.object.write(data)

    def finish(self) -> None:
        with error_at(self._place):
            self._check.finish(self.size, self.object.read)
            self._digests.check()
        self.checksum = self._digests.in_hex(SHA256)


class TextField:
    """A part without a file; only as much of its content is kept as a checksum needs."""

    room = LARGEST_HEADERS

    def __init__(
        self, name: str, is_unfilled_file: bool, file_field: str, claims: list[Claim]
    ) -> None:
        self._name, self._is_unfilled_file = name, is_unfilled_file
        self._file_field, self._claims = file_field, claims
        self._start, self._size = bytearray(), 0

    def write(self, data: bytes) -> None:
        self._size += len(data)
        self._start += data[: MAX_CHECKSUM_LENGTH - len(self._start)]

    def finish(self) -> None:
        """Take a checksum, and ignore every other text field and each unfilled file input."""
        if self._is_unfilled_file and not self._size:
            return
        if self._is_unfilled_file or self._name == self._file_field:
            message = "This field has a file: send a filename with it."
            raise invalid(self._name, message, "no_file")
        if self._name == CHECKSUM:
            self._claim()

    def _claim(self) -> None:
        """Keep the ASCII checksum for the next file; ignore the charset of the part."""
        if self._claims:
            raise invalid(CHECKSUM, "Send this field once for each file.", "repeated")
        with error_at(f"body.{CHECKSUM}"):
            self._claims.append(claim_in_hex(self._start.decode("ascii", "replace")))


def invalid(name: str, message: str, code: str, **parameters: ParameterValue) -> InvalidInput:
    return InvalidInput([FieldError(f"body.{name[:50]}", message, code, parameters)])
