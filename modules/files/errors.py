from core.kit import BadRequest, Forbidden, NotFound, ProblemError, Stale, Unavailable
from core.kit.platform import NotSignedIn, TooLarge, UnsupportedMediaType


class FileNotFound(NotFound):
    """The file was deleted, or you may not read it."""

    code = "files.not_found"
    title = "There is no such file."


class ContentNotYours(Forbidden):
    """The permission to manage files covers their metadata, not their content."""

    code = "files.content_not_yours"
    title = "Only the owner of a private file can read it or change its visibility."


class NotMultipart(UnsupportedMediaType):
    """A file is sent as a part of a form.

    Let an HTTP library write the form and its boundary.
    """

    code = "files.not_multipart"
    title = "Send the file as multipart/form-data."


class MalformedUpload(BadRequest):
    """`detail` names the part that cannot be read, or that can be read in two ways.

    Let an HTTP library write the form. Nothing of this request was stored.
    """

    place = "body"
    code = "files.malformed_upload"
    title = "The body is not valid multipart/form-data."


class UploadCutOff(BadRequest):
    """The connection was closed before the last boundary.

    Send the whole request again. Nothing of this request was stored.
    """

    place = "body"
    code = "files.cut_off"
    title = "The upload is incomplete."


class NameInvalid(BadRequest):
    """`detail` has the rule that the name breaks.

    Send the file with another name.
    """

    code = "files.name_invalid"
    title = "A file cannot have this name."


class TypeNotAllowed(BadRequest):
    """The extension of the file is not one of those in `detail`.

    Convert the file to an allowed type.
    """

    code = "files.type_not_allowed"
    title = "This service does not accept files of this type."


class ExtensionChanged(BadRequest):
    """The extension names the type of the content, which was checked at the upload.

    Keep the extension, or upload the file again.
    """

    place = "body.original_filename"
    code = "files.extension_changed"
    title = "The extension of a file name cannot be changed."


class ContentMismatch(BadRequest):
    """The content of a file is checked, not only its name.

    Give the file the extension of its content.
    """

    code = "files.content_mismatch"
    title = "The content does not match the extension of the file name."


class DigestMismatch(BadRequest):
    """The content changed on its way, or the digest belongs to other content.

    Send the content again, with the digest of the bytes that are sent.
    """

    place = "body"
    code = "files.digest_mismatch"
    title = "The content does not match its digest."


class FileTooLarge(TooLarge):
    """`detail` has the number of bytes that a file may have."""

    code = "files.too_large"
    title = "The file is too large."


class QuotaExceeded(TooLarge):
    """All files of a user have one quota. `GET /files/usage` returns how much of it is used.

    Delete files that are not needed, or ask the operator for a larger quota.
    """

    code = "files.quota_exceeded"
    title = "The storage quota does not allow this upload."


def quota_exceeded(left: int) -> QuotaExceeded:
    return QuotaExceeded("There are {left} bytes left.", left=max(0, left))


class RangeNotSatisfiable(ProblemError):
    """`Content-Range` has the number of bytes of the file.

    Request a range within the file, or the whole file.
    """

    status = 416
    code = "files.range_not_satisfiable"
    title = "The file ends before this range begins."

    def __init__(self, size: int) -> None:
        super().__init__("The file has {size} bytes.", size=size)
        self.headers["content-range"] = f"bytes */{size}"


class StorageFull(Unavailable):
    """The disk of the service is full."""

    code = "files.storage_full"
    title = "The server has no storage space left."


class StorageDown(Unavailable):
    """The disk of the service has failed or is not mounted. The log has the reason."""

    code = "files.storage_down"
    title = "The file storage is unreachable; try again."


class ContentLost(ProblemError):
    """The file has a row in the database, but its stored content is missing or damaged."""

    status = 500
    code = "files.content_lost"
    title = "The content of this file cannot be read."


REFUSED_UPLOADS = (
    MalformedUpload,
    UploadCutOff,
    NameInvalid,
    TypeNotAllowed,
    ContentMismatch,
    DigestMismatch,
    FileTooLarge,
    QuotaExceeded,
    NotMultipart,
    StorageDown,
    StorageFull,
)
REFUSED_DOWNLOADS = (
    NotSignedIn,
    FileNotFound,
    ContentNotYours,
    RangeNotSatisfiable,
    Stale,
    ContentLost,
    StorageDown,
)
