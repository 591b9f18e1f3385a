from uuid import UUID

from litestar import Controller
from litestar.datastructures import ResponseHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery

from core.kit import (
    IfMatch,
    Page,
    PageRequest,
    Principal,
    authenticated,
    delete,
    get,
    optional,
    patch,
    post,
    public,
    requires,
)
from core.kit.platform import AnyRequest, NothingHere, route
from modules.files.download.response import DownloadResponse
from modules.files.errors import (
    REFUSED_DOWNLOADS,
    REFUSED_UPLOADS,
    ContentNotYours,
    ExtensionChanged,
    FileNotFound,
    NameInvalid,
)
from modules.files.models import ALL_FILES, FILES
from modules.files.permissions import MANAGE, READ, WRITE
from modules.files.schemas import AdminFileRead, FileRead, FilesRead, FileUpdate, UsageRead
from modules.files.service.contents import ContentService
from modules.files.service.files import FileService
from modules.files.service.uploads import UploadService
from modules.files.service.usage import UsageService
from modules.files.upload.body import body_of

readers, writers = authenticated.with_scope(READ), authenticated.with_scope(WRITE)
CHECKSUM_SCHEMA = {
    "type": "string",
    "pattern": "^[0-9a-fA-F]{64}$",
    "description": "SHA-256 of the file that follows, in hexadecimal digits.",
}
CONTENT = {
    "type": "string",
    "format": "binary",
    "contentMediaType": "application/octet-stream",
    "description": "The content of the file. The part needs a file name.",
}
ONE_FILE = {
    "type": "object",
    "properties": {"checksum_sha256": CHECKSUM_SCHEMA, "file": CONTENT},
    "required": ["file"],
    "additionalProperties": False,
}
SEVERAL_FILES = {
    "type": "object",
    "properties": {"files": {"type": "array", "items": CONTENT, "minItems": 1}},
    "required": ["files"],
    "additionalProperties": False,
}

DIGEST = "The digest of the whole body, e.g. `sha-256=:…:` (RFC 9530). If it does not match: 400."
DIGESTS = {"Content-Digest": DIGEST, "Repr-Digest": DIGEST}

OF_CONTENT = {
    "Accept-Ranges": "`bytes`.",
    "Content-Disposition": "The file name, and whether a browser shows the file (RFC 6266).",
    "Last-Modified": "The time of the upload.",
    "Repr-Digest": "The SHA-256 of the whole file, e.g. `sha-256=:…:` (RFC 9530).",
}


class FileController(Controller):
    uploads: UploadService
    files: FileService
    usage: UsageService
    contents: ContentService

    @post(
        "/upload",
        summary="Upload a file",
        description="A `Content-Digest` or `Repr-Digest` of the request or of the part is checked.",
        policy=writers,
        location="/files/{id}",
        body={"multipart/form-data": ONE_FILE},
        request_headers=DIGESTS,
        errors=REFUSED_UPLOADS,
        request_max_body_size=None,
    )
    async def upload_file(self, request: AnyRequest, principal: Principal) -> FileRead:
        return FileRead.of(await self.uploads.upload(principal, body_of(request)))

    @post(
        "/upload-multiple",
        summary="Upload several files",
        description="All files are stored, or none.",
        policy=writers,
        audit="files.upload",
        location="/files",
        body={"multipart/form-data": SEVERAL_FILES},
        request_headers=DIGESTS,
        errors=REFUSED_UPLOADS,
        request_max_body_size=None,
    )
    async def upload_multiple(self, request: AnyRequest, principal: Principal) -> FilesRead:
        files = await self.uploads.upload_several(principal, body_of(request))
        return FilesRead(files=FileRead.each(files))

    @get(summary="List your files", policy=readers, listing=FILES)
    async def list_files(self, principal: Principal, page_request: PageRequest) -> Page[FileRead]:
        return FileRead.paged(await self.files.page_of(principal, page_request))

    @get("/usage", summary="Read the usage of your quota", policy=readers)
    async def read_usage(self, principal: Principal) -> UsageRead:
        return UsageRead.of(await self.usage.of(principal.id))

    @get(
        "/{file_id:str}",
        summary="Read the metadata of a file",
        policy=readers,
        errors=(FileNotFound,),
    )
    async def read_file(self, file_id: UUID, principal: Principal) -> FileRead:
        return FileRead.of(await self.files.get(principal, file_id))

    @patch(
        "/{file_id:str}",
        summary="Rename a file, or change its visibility",
        policy=writers,
        errors=(FileNotFound, NameInvalid, ExtensionChanged, ContentNotYours),
    )
    async def change_file(
        self, file_id: UUID, data: FileUpdate, principal: Principal, if_match: IfMatch
    ) -> FileRead:
        return FileRead.of(await self.files.change(principal, file_id, data, if_match))

    @delete("/{file_id:str}", summary="Delete a file", policy=writers, errors=(FileNotFound,))
    async def delete_file(self, file_id: UUID, principal: Principal, if_match: IfMatch) -> None:
        await self.files.delete(principal, file_id, if_match)

    @get(
        "/{file_id:str}/download",
        summary="Download a file",
        description="Your own file or a public one, as a whole or in up to eight ranges.",
        policy=optional.with_scope(READ),
        produces=("application/octet-stream", "image/*", "video/*", "audio/*"),
        request_headers={
            "Range": "Parts of the file, e.g. `bytes=0-1023`. A malformed range is ignored.",
            "If-Range": "The ETag or the date of the parts. If it differs, the whole file is sent.",
            "If-Match": "The ETag that the file must have, else 412.",
        },
        response_headers=[
            ResponseHeader(name=name, description=description, documentation_only=True)
            for name, description in OF_CONTENT.items()
        ],
        responses={206: ResponseSpec(bytes, description="The requested ranges.")},
        errors=REFUSED_DOWNLOADS,
    )
    async def download_file(
        self, file_id: UUID, visitor: Principal | None, inline: FromQuery[bool] = False
    ) -> DownloadResponse:
        """Send the file; `inline` is for images only, any other file is always an attachment."""
        file = await self.contents.readable(visitor, file_id)
        return DownloadResponse(file, lambda: self.contents.open(file), inline=inline)


class LaterController(Controller):
    """The paths of features that do not exist yet, which are not read as ids of files."""

    include_in_schema = False

    @route(
        ["/direct", "/resumable", "/trash"],
        http_method=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        summary="Find nothing",
        policy=public,
        unread=True,
    )
    async def find_nothing_yet(self) -> None:
        raise NothingHere


class FileAdminController(Controller):
    """The routes for the files of all users, which the module adds to `admin`."""

    path = "/files"
    files: FileService

    @get(summary="List the files of all users", policy=requires(MANAGE), listing=ALL_FILES)
    async def list_files(self, page_request: PageRequest) -> Page[AdminFileRead]:
        return AdminFileRead.paged(await self.files.page(page_request))

    @delete(
        "/{file_id:str}",
        summary="Delete a file of any user",
        policy=requires(MANAGE),
        audit="files.delete",
        errors=(FileNotFound,),
    )
    async def delete_file(self, file_id: UUID, principal: Principal, if_match: IfMatch) -> None:
        await self.files.delete(principal, file_id, if_match)
