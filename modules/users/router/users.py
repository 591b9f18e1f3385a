"""The routes for users by their ids; that of the caller is as `/users/me`."""

from uuid import UUID

from litestar import Controller

from core.kit import (
    IfMatch,
    Page,
    PageRequest,
    Principal,
    authenticated,
    delete,
    get,
    patch,
    post,
    put,
    requires,
)
from modules.users.errors import (
    BeyondOwnRights,
    EmailTaken,
    LastAdmin,
    NotYoursToChange,
    UseDeletion,
    UserNotFound,
)
from modules.users.permissions import READ, WRITE, readable_by_key
from modules.users.queries import USERS
from modules.users.schemas import ProfileUpdate, UserCreate, UserRead, UserReplace
from modules.users.service.administration import UserAdministration
from modules.users.service.users import UserService

EDIT_ERRORS = (UserNotFound, NotYoursToChange, BeyondOwnRights, EmailTaken)


class UserController(Controller):
    administration: UserAdministration
    users: UserService

    @get(summary="List users", policy=requires(READ), listing=USERS)
    async def list_users(self, page_request: PageRequest) -> Page[UserRead]:
        return UserRead.paged(await self.administration.page(page_request, USERS))

    @post(summary="Add a user", policy=requires(WRITE), errors=(EmailTaken, BeyondOwnRights))
    async def create_user(self, data: UserCreate, principal: Principal) -> UserRead:
        return UserRead.of(await self.administration.create(principal, data.account()))

    @get("/{user_id:str}", summary="Read a profile", policy=readable_by_key, errors=(UserNotFound,))
    async def read_user(self, user_id: UUID, principal: Principal) -> UserRead:
        return UserRead.of(await self.users.get(principal, user_id))

    @patch(
        "/{user_id:str}",
        summary="Change the name or the age of a user",
        description="For your own id this is `PATCH /users/me`.",
        policy=authenticated,
        errors=EDIT_ERRORS,
    )
    async def change_user(
        self, user_id: UUID, data: ProfileUpdate, principal: Principal, if_match: IfMatch
    ) -> UserRead:
        return UserRead.of(await self.users.change(principal, user_id, data, if_match))

    @put(
        "/{user_id:str}",
        summary="Replace the name and the age of a user",
        description="For your own id this is `PUT /users/me`, with the e-mail address.",
        policy=authenticated,
        audit="users.change",
        errors=EDIT_ERRORS,
    )
    async def replace_user(
        self, user_id: UUID, data: UserReplace, principal: Principal, if_match: IfMatch
    ) -> UserRead:
        return UserRead.of(await self.users.change(principal, user_id, data, if_match))

    @delete(
        "/{user_id:str}",
        summary="Delete a user",
        description="The user is deleted at once, with the personal data in every module.",
        policy=authenticated.fresh(),
        errors=(UserNotFound, UseDeletion, BeyondOwnRights, LastAdmin),
    )
    async def delete_user(self, user_id: UUID, principal: Principal, if_match: IfMatch) -> None:
        await self.users.delete(principal, user_id, if_match)
