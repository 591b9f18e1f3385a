from uuid import UUID

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from core.kit import IfMatch, Page, PageRequest, Principal, delete, get, patch, post, requires
from core.kit.platform import StepUpRequired
from modules.admin.permissions import USERS
from modules.admin.schemas import AdminUserCreate, AdminUserRead, AdminUserUpdate
from modules.admin.service import AdminUserCreation, AuditReader
from modules.auth.public import Sessions
from modules.users.public import (
    ACCOUNTS,
    BeyondOwnRights,
    EmailTaken,
    LastAdmin,
    NewAccount,
    People,
    UserNotFound,
)

admins = requires(USERS)
refusals = (UserNotFound, BeyondOwnRights, LastAdmin)


class PeopleController(Controller):
    path = "/users"

    @get(summary="List people", policy=admins, listing=ACCOUNTS)
    async def list_users(
        self, page_request: NamedDependency[PageRequest], people: NamedDependency[People]
    ) -> Page[AdminUserRead]:
        return AdminUserRead.paged(await people.page(page_request))

    @post(
        summary="Create a person",
        description="Roles beyond `member` take `roles:write`, and having just proved who one is.",
        policy=admins,
        audit="users.create",
        errors=(EmailTaken, BeyondOwnRights, StepUpRequired),
    )
    async def create_user(
        self,
        data: JSONBody[AdminUserCreate],
        principal: NamedDependency[Principal],
        user_creation: NamedDependency[AdminUserCreation],
    ) -> AdminUserRead:
        new = NewAccount(name=data.name, email=data.email, age=data.age, password=data.password)
        return AdminUserRead.of(await user_creation.create(principal, new, data.roles))

    @get("/{user_id:str}", summary="Read a person", policy=admins, errors=(UserNotFound,))
    async def read_user(
        self, user_id: FromPath[UUID], audit_reader: NamedDependency[AuditReader]
    ) -> AdminUserRead:
        return AdminUserRead.of(await audit_reader.read_person(user_id))

    @patch(
        "/{user_id:str}",
        summary="Change a person",
        policy=admins,
        audit="users.change",
        errors=(UserNotFound, BeyondOwnRights, EmailTaken),
    )
    async def change_user(
        self,
        user_id: FromPath[UUID],
        data: JSONBody[AdminUserUpdate],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        people: NamedDependency[People],
    ) -> AdminUserRead:
        changed = await people.change(principal, user_id, data.changes(), if_match)
        return AdminUserRead.of(changed)

    @delete(
        "/{user_id:str}",
        summary="Delete a person",
        description="At once, with everything of theirs in every module.",
        policy=admins.fresh(),
        audit="users.delete",
        errors=(UserNotFound, BeyondOwnRights, LastAdmin),
    )
    async def delete_user(
        self,
        user_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        people: NamedDependency[People],
    ) -> None:
        await people.delete(principal, user_id, if_match)

    @post(
        "/{user_id:str}/disable",
        summary="Disable a person",
        description="Ends every session and API key of theirs.",
        policy=admins,
        status_code=204,
        audit="users.disable",
        errors=refusals,
    )
    async def disable_user(
        self,
        user_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        people: NamedDependency[People],
    ) -> None:
        await people.set_active(principal, user_id, active=False)

    @post(
        "/{user_id:str}/enable",
        summary="Enable a person",
        description="Also calls off a deletion that is due later, and forgets wrong passwords.",
        policy=admins,
        status_code=204,
        audit="users.enable",
        errors=refusals,
    )
    async def enable_user(
        self,
        user_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        people: NamedDependency[People],
    ) -> None:
        await people.set_active(principal, user_id, active=True)

    @post(
        "/{user_id:str}/logout",
        summary="End every session of a person",
        policy=admins,
        status_code=204,
        audit="auth.end_sessions",
        errors=(UserNotFound, BeyondOwnRights),
    )
    async def log_out_user(
        self,
        user_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        people: NamedDependency[People],
        sessions: NamedDependency[Sessions],
    ) -> None:
        await people.changeable(principal, user_id)
        await sessions.end_all(user_id)
