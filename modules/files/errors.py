from core.kernel.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    ProblemError,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)


class FileNotFound(NotFound):
    code = "files.not_found"
    title = "There is no such file."


class ContentNotYours(Forbidden):
    code = "files.content_not_yours"
    title = "Only its owner reads a private file, or opens it to others."


class NotMultipart(UnsupportedMediaType):
    code = "files.not_multipart"
    title = "Send the file as multipart/form-data."


class MalformedUpload(BadRequest):
    code = "files.malformed_upload"
    title = "The body is not the multipart/form-data it says it is."


class UploadCutOff(BadRequest):
    code = "files.cut_off"
    title = "The upload ended before its end."


class NameInvalid(BadRequest):
    code = "files.name_invalid"
    title = "A file cannot have this name."


class TypeNotAllowed(BadRequest):
    code = "files.type_not_allowed"
    title = "Files of this kind are not kept here."


class ExtensionChanged(BadRequest):
    code = "files.extension_changed"
    title = "The extension of a file stays what it is."


class ContentMismatch(BadRequest):
    code = "files.content_mismatch"
    title = "The content is not what the name's extension says."


class DigestMismatch(BadRequest):
    code = "files.digest_mismatch"
    title = "What arrived is not what its digest says."


class FileTooLarge(TooLarge):
    code = "files.too_large"
    title = "The file is too large."


class QuotaExceeded(TooLarge):
    code = "files.quota_exceeded"
    title = "There is no room left for this."


class RangeNotSatisfiable(ProblemError):
    status = 416
    code = "files.range_not_satisfiable"
    title = "The file ends before this range begins."

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes.")
        self.headers["content-range"] = f"bytes */{size}"


class StorageFull(Unavailable):
    code = "files.storage_full"
    title = "There is no space left to keep files."


class ContentLost(ProblemError):
    status = 500
    code = "files.content_lost"
    title = "The content of this file cannot be read."
