from core.kit import BadRequest, Forbidden, NotFound, ProblemError, Unavailable
from core.kit.platform import TooLarge, UnsupportedMediaType


class FileNotFound(NotFound):
    """It was deleted, or is not yours to see."""

    code = "files.not_found"
    title = "There is no such file."


class ContentNotYours(Forbidden):
    """The permission to manage files covers their metadata, never their content."""

    code = "files.content_not_yours"
    title = "Only the owner of a private file can read it or change its visibility."


class NotMultipart(UnsupportedMediaType):
    """A file comes as a part of a form.

    Let an HTTP library make the form, and its boundary.
    """

    code = "files.not_multipart"
    title = "Send the file as multipart/form-data."


class MalformedUpload(BadRequest):
    """`detail` says what in it cannot be read, or could be read in two ways.

    Let an HTTP library make the form. Nothing of this one was kept.
    """

    place = "body"
    code = "files.malformed_upload"
    title = "The body is not valid multipart/form-data."


class UploadCutOff(BadRequest):
    """The connection was gone before the last boundary came.

    Send it again, whole. Nothing of this one was kept.
    """

    place = "body"
    code = "files.cut_off"
    title = "The upload is incomplete."


class NameInvalid(BadRequest):
    """`detail` says which rule of names it breaks.

    Send the file under another name.
    """

    code = "files.name_invalid"
    title = "A file cannot have this name."


class TypeNotAllowed(BadRequest):
    """Its extension is none of those that `detail` names.

    Convert the file to one of these kinds.
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
    """The bytes changed on their way, or the digest is of others.

    Send them again, with the digest of the very bytes that are sent.
    """

    place = "body"
    code = "files.digest_mismatch"
    title = "The content does not match its digest."


class FileTooLarge(TooLarge):
    """`detail` says how many bytes it may have."""

    code = "files.too_large"
    title = "The file is too large."


class QuotaExceeded(TooLarge):
    """All files of a person have a limit together; `GET /files/usage` tells where you stand.

    Delete what is not needed any more, or ask the operator for more room.
    """

    code = "files.quota_exceeded"
    title = "The storage quota does not allow this upload."


def quota_exceeded(left: int) -> QuotaExceeded:
    return QuotaExceeded("There are {left} bytes left.", left=max(0, left))


class RangeNotSatisfiable(ProblemError):
    """The number of bytes of the file is in `Content-Range`.

    Ask for a range within these, or for the whole.
    """

    status = 416
    code = "files.range_not_satisfiable"
    title = "The file ends before this range begins."

    def __init__(self, size: int) -> None:
        super().__init__("The file has {size} bytes.", size=size)
        self.headers["content-range"] = f"bytes */{size}"


class StorageFull(Unavailable):
    """The disk behind the service has no room left."""

    code = "files.storage_full"
    title = "The server has no storage space left."


class StorageDown(Unavailable):
    """The disk behind the service fails, or is not there: the log says how."""

    code = "files.storage_down"
    title = "The file storage is unreachable; try again."


class ContentLost(ProblemError):
    """It is on record, and what was stored of it is missing or damaged."""

    status = 500
    code = "files.content_lost"
    title = "The content of this file cannot be read."
