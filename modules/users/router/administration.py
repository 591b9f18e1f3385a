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
refusals = (UserNotFound, BeyondOwnRights, LastAdmin)


class UserAdminController(Controller):
    path = "/users"
    administration: UserAdministration

    @get(summary="List people", policy=admins, listing=ACCOUNTS)
    async def list_users(self, page_request: PageRequest) -> Page[AdminUserRead]:
        return AdminUserRead.paged(await self.administration.page(page_request))

    @post(
        summary="Create a person",
        description="Roles beyond `member` take `roles:write`, and having just proved who one is.",
        policy=admins,
        audit="users.create",
        errors=(EmailTaken, BeyondOwnRights, StepUpRequired),
    )
    async def create_user(self, data: AdminUserCreate, principal: Principal) -> AdminUserRead:
        created = await self.administration.create(principal, data.account(), data.roles)
        return AdminUserRead.of(created)

    @get("/{user_id:str}", summary="Read a person", policy=admins, errors=(UserNotFound,))
    async def read_user(self, user_id: UUID) -> AdminUserRead:
        return AdminUserRead.of(await self.administration.read(user_id, "admin.read_person"))

    @patch(
        "/{user_id:str}",
        summary="Change a person",
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
        summary="Delete a person",
        description="At once, with everything of theirs in every module.",
        policy=admins.fresh(),
        audit="users.delete",
        errors=(UserNotFound, BeyondOwnRights, LastAdmin),
    )
    async def delete_user(self, user_id: UUID, principal: Principal, if_match: IfMatch) -> None:
        await self.administration.delete(principal, user_id, if_match)

    @post(
        "/{user_id:str}/disable",
        summary="Disable a person",
        description="Ends every session and API key of theirs.",
        policy=admins,
        status_code=204,
        audit="users.disable",
        errors=refusals,
    )
    async def disable_user(self, user_id: UUID, principal: Principal) -> None:
        await self.administration.disable(principal, user_id)

    @post(
        "/{user_id:str}/enable",
        summary="Enable a person",
        description="Also calls off a deletion that is due later, and forgets wrong passwords.",
        policy=admins,
        status_code=204,
        audit="users.enable",
        errors=refusals,
    )
    async def enable_user(self, user_id: UUID, principal: Principal) -> None:
        await self.administration.enable(principal, user_id)

    @post(
        "/{user_id:str}/logout",
        summary="End every session of a person",
        policy=admins,
        status_code=204,
        audit="auth.end_sessions",
        errors=(UserNotFound, BeyondOwnRights),
    )
    async def log_out_user(self, user_id: UUID, principal: Principal) -> None:
        await self.administration.log_out(principal, user_id)
