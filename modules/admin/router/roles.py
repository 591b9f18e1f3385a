from uuid import UUID

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from core.kit import IfMatch, Page, PageRequest, Principal, get, put, requires
from modules.admin.permissions import ROLES
from modules.admin.queries import PERMISSIONS
from modules.admin.schemas import AdminUserRead, PermissionRead, RolesUpdate
from modules.admin.service import AuditReader, PermissionDirectory
from modules.users.public import BeyondOwnRights, LastAdmin, People, UserNotFound


class RoleController(Controller):
    @get(
        "/permissions", summary="List every permission", policy=requires(ROLES), listing=PERMISSIONS
    )
    async def list_permissions(
        self,
        page_request: NamedDependency[PageRequest],
        permissions: NamedDependency[PermissionDirectory],
    ) -> Page[PermissionRead]:
        return PermissionRead.paged(PERMISSIONS.page(permissions.all(), page_request))

    @get(
        "/users/{user_id:str}/roles",
        summary="Read a person with their roles",
        description="Its `ETag` lets two admins give roles without undoing each other's.",
        policy=requires(ROLES),
        errors=(UserNotFound,),
    )
    async def read_roles(
        self, user_id: FromPath[UUID], audit_reader: NamedDependency[AuditReader]
    ) -> AdminUserRead:
        return AdminUserRead.of(await audit_reader.read_person(user_id))

    @put(
        "/users/{user_id:str}/roles",
        summary="Give a person these roles, and no others",
        description="Counts from the person's next request.",
        policy=requires(ROLES).fresh(),
        audit="users.set_roles",
        errors=(UserNotFound, BeyondOwnRights, LastAdmin),
    )
    async def replace_roles(
        self,
        user_id: FromPath[UUID],
        data: JSONBody[RolesUpdate],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        people: NamedDependency[People],
    ) -> AdminUserRead:
        person = await people.set_roles(principal, user_id, data.roles, if_match)
        return AdminUserRead.of(person)
