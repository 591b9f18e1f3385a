"""A file while it is received, and its limits."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256

from modules.files.errors import FileTooLarge, TypeNotAllowed, quota_exceeded
from modules.files.storage import NewObject, Storage
from modules.files.upload.digests import Claim, Digests
from modules.files.upload.formats import format_of
from modules.files.upload.headers import LARGEST_HEADERS, MAX_BOUNDARY_LENGTH
from modules.files.upload.names import extension_of, tidy_name

AROUND_A_PART = 2 * MAX_BOUNDARY_LENGTH + LARGEST_HEADERS + 64
AROUND_ALL = 2 * 1024
MAX_TEXT_BYTES = 64 * 1024
"""The size limit of all text fields of a form together."""


@dataclass(frozen=True)
class ExpectedFiles:
    """The form field of the files, and the most files that it may have."""

    field: str
    most: int


@dataclass(frozen=True)
class Limits:
    largest: int
    """The most bytes of one file."""
    left: int
    """The bytes of the quota that are left for all files together."""
    extensions: Collection[str]

    def refuse(self, form: ExpectedFiles, length: int) -> None:
        """Raise FileTooLarge or QuotaExceeded if no body of this length can be valid."""
        around = around_files(form)
        if length > form.most * self.largest + around:
            raise FileTooLarge("A file has at most {max} bytes.", max=self.largest)
        if length > self.left + around:
            raise quota_exceeded(self.left)


def around_files(form: ExpectedFiles) -> int:
    """Return how many bytes of a body may be anything except the contents of its files."""
    return form.most * 2 * AROUND_A_PART + AROUND_ALL + MAX_TEXT_BYTES


class ReceivedFile:
    def __init__(self, given_name: str, limits: Limits, claims: Iterable[Claim]) -> None:
        self.name = tidy_name(given_name)
        self.extension = extension_of(self.name)
        if self.extension not in limits.extensions:
            raise TypeNotAllowed(
                "The extension must be one of {allowed}.", allowed=sorted(limits.extensions)
            )
        self.format = format_of(self.extension)
        self.size, self.largest = 0, limits.largest
        self._check, self._sha256, self._claims = self.format.check(), sha256(), Digests(claims)

    def begin(self, storage: Storage) -> None:
        self.object: NewObject = storage.create()

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self.largest:
            raise FileTooLarge("A file has at most {max} bytes.", max=self.largest)
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
