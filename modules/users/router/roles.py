"""The routes for roles under `/admin`, which the module adds to `admin`."""

from uuid import UUID

from litestar import Controller

from core.kit import IfMatch, Page, PageRequest, Principal, get, put, requires
from modules.users.errors import BeyondOwnRights, LastAdmin, UserNotFound
from modules.users.permissions import ROLES
from modules.users.queries import PERMISSIONS
from modules.users.schemas import AdminUserRead, PermissionRead, RolesUpdate
from modules.users.service.administration import UserAdministration
from modules.users.service.permissions import PermissionDirectory


class RoleController(Controller):
    permissions: PermissionDirectory
    administration: UserAdministration

    @get(
        "/permissions", summary="List every permission", policy=requires(ROLES), listing=PERMISSIONS
    )
    async def list_permissions(self, page_request: PageRequest) -> Page[PermissionRead]:
        return PermissionRead.paged(PERMISSIONS.page(self.permissions.all(), page_request))

    @get(
        "/users/{user_id:str}/roles",
        summary="Read a user with the roles",
        description="With its `ETag`, two admins do not overwrite each other's changes.",
        policy=requires(ROLES),
        errors=(UserNotFound,),
    )
    async def read_roles(self, user_id: UUID) -> AdminUserRead:
        return AdminUserRead.of(await self.administration.read(user_id, "admin.read_person"))

    @put(
        "/users/{user_id:str}/roles",
        summary="Set the roles of a user",
        description="The roles take effect with the next request of the user.",
        policy=requires(ROLES).fresh(),
        audit="users.set_roles",
        errors=(UserNotFound, BeyondOwnRights, LastAdmin),
    )
    async def replace_roles(
        self, user_id: UUID, data: RolesUpdate, principal: Principal, if_match: IfMatch
    ) -> AdminUserRead:
        changed = await self.administration.set_roles(principal, user_id, data.roles, if_match)
        return AdminUserRead.of(changed)
