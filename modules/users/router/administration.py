"""The routes for users under `/admin`, which the module adds to `admin`."""

from uuid import UUID

from litestar import Controller

from core.kit import IfMatch, Page, PageRequest, Principal, delete, get, patch, post, requires
from core.kit.platform import StepUpRequired
from modules.users.errors import BeyondOwnRights, EmailTaken, LastAdmin, UserNotFound
from modules.users.permissions import ADMINISTER
from modules.users.queries import ACCOUNTS
from modules.users.schemas import AdminUserCreate, AdminUserRead, AdminUserUpdate
from modules.users.service.administration import UserAdministration

admins = requires(ADMINISTER)
ADMIN_ERRORS = (UserNotFound, BeyondOwnRights, LastAdmin)


class UserAdminController(Controller):
    path = "/users"
    administration: UserAdministration

    @get(summary="List users", policy=admins, listing=ACCOUNTS)
    async def list_users(self, page_request: PageRequest) -> Page[AdminUserRead]:
        return AdminUserRead.paged(await self.administration.page(page_request))

    @post(
        summary="Create a user",
        description=(
            "Roles other than `member` require the permission `roles:write` and a recent "
            "re-authentication."
        ),
        policy=admins,
        audit="users.create",
        errors=(EmailTaken, BeyondOwnRights, StepUpRequired),
    )
    async def create_user(self, data: AdminUserCreate, principal: Principal) -> AdminUserRead:
        created = await self.administration.create(principal, data.account(), data.roles)
        return AdminUserRead.of(created)

    @get("/{user_id:str}", summary="Read a user", policy=admins, errors=(UserNotFound,))
    async def read_user(self, user_id: UUID) -> AdminUserRead:
        return AdminUserRead.of(await self.administration.read(user_id, "admin.read_person"))

    @patch(
        "/{user_id:str}",
        summary="Change a user",
        policy=admins,
        audit="users.change",
        errors=(UserNotFound, BeyondOwnRights, EmailTaken),
    )
    async def change_user(
        self, user_id: UUID, data: AdminUserUpdate, principal: Principal, if_match: IfMatch
    ) -> AdminUserRead:
        changed = await self.administration.change(principal, user_id, data.changes(), if_match)
        return AdminUserRead.of(changed)

    @delete(
        "/{user_id:str}",
        summary="Delete a user",
        description="The user is deleted at once, with the personal data in every module.",
        policy=admins.fresh(),
        audit="users.delete",
        errors=(UserNotFound, BeyondOwnRights, LastAdmin),
    )
    async def delete_user(self, user_id: UUID, principal: Principal, if_match: IfMatch) -> None:
        await self.administration.delete(principal, user_id, if_match)

    @post(
        "/{user_id:str}/disable",
        summary="Disable a user",
        description="Ends every session and API key of the user.",
        policy=admins,
        status_code=204,
        audit="users.disable",
        errors=ADMIN_ERRORS,
    )
    async def disable_user(self, user_id: UUID, principal: Principal) -> None:
        await self.administration.disable(principal, user_id)

    @post(
        "/{user_id:str}/enable",
        summary="Enable a user",
        description="Also cancels a pending deletion, and clears the count of wrong passwords.",
        policy=admins,
        status_code=204,
        audit="users.enable",
        errors=ADMIN_ERRORS,
    )
    async def enable_user(self, user_id: UUID, principal: Principal) -> None:
        await self.administration.enable(principal, user_id)

    @post(
        "/{user_id:str}/logout",
        summary="End every session of a user",
        policy=admins,
        status_code=204,
        audit="auth.end_sessions",
        errors=(UserNotFound, BeyondOwnRights),
    )
    async def log_out_user(self, user_id: UUID, principal: Principal) -> None:
        await self.administration.log_out(principal, user_id)
