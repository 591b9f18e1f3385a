from uuid import UUID

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath

from core.kit import IfMatch, Page, PageRequest, Principal, delete, get, requires
from modules.admin.schemas import AdminFileRead
from modules.files.public import ALL_FILES, MANAGE, FileNotFound, StoredFiles


class FileController(Controller):
    path = "/files"

    @get(summary="List everybody's files", policy=requires(MANAGE), listing=ALL_FILES)
    async def list_files(
        self, page_request: NamedDependency[PageRequest], files: NamedDependency[StoredFiles]
    ) -> Page[AdminFileRead]:
        return AdminFileRead.paged(await files.page(page_request))

    @delete(
        "/{file_id:str}",
        summary="Delete somebody's file",
        policy=requires(MANAGE),
        audit="files.delete",
        errors=(FileNotFound,),
    )
    async def delete_file(
        self,
        file_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        files: NamedDependency[StoredFiles],
    ) -> None:
        await files.delete(principal, file_id, if_match)
