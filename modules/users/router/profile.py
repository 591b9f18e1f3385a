"""The routes by which users read and change their own profile and account."""

from functools import lru_cache
from typing import cast

from litestar import Controller

from core.kit import IfMatch, Principal, authenticated, get, patch, post, put
from core.kit.platform import AnyRequest, Representation
from modules.users.errors import EmailTaken, LastAdmin
from modules.users.permissions import readable_by_key
from modules.users.schemas import (
    DeletionRead,
    DeletionRequest,
    ProfileReplace,
    ProfileUpdate,
    UserRead,
)
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.profile import ProfileService
from modules.users.values import Profile


@lru_cache(10_000)
def finished(profile: Profile, path: str) -> UserRead:
    """Return the encoded body, made once for a `Profile`, which is replaced but never changed.

    The response sends the value as it is, so the route can declare it as the body.
    """
    return cast("UserRead", Representation(UserRead.of(profile), path))


class ProfileController(Controller):
    path = "/me"
    profiles: ProfileService
    account_deletion: AccountDeletion

    @get(summary="Read your profile", policy=readable_by_key)
    async def read_me(self, request: AnyRequest, principal: Principal) -> UserRead:
        return finished(await self.profiles.read(principal), request.scope["path"])

    @patch(
        summary="Change your profile",
        policy=authenticated,
        audit="users.change",
        errors=(EmailTaken,),
    )
    async def change_me(
        self, data: ProfileUpdate, principal: Principal, if_match: IfMatch
    ) -> UserRead:
        return UserRead.of(await self.profiles.change(principal, data, if_match))

    @put(
        summary="Replace your profile",
        policy=authenticated,
        audit="users.change",
        errors=(EmailTaken,),
    )
    async def replace_me(
        self, data: ProfileReplace, principal: Principal, if_match: IfMatch
    ) -> UserRead:
        return UserRead.of(await self.profiles.change(principal, data, if_match))

    @post(
        "/deletion",
        summary="Delete your account",
        description="Ends every session and API key at once. A grace period precedes the erasure.",
        status_code=202,
        policy=authenticated,
        audit="users.request_deletion",
        errors=(LastAdmin,),
    )
    async def delete_me(self, data: DeletionRequest, principal: Principal) -> DeletionRead:
        return DeletionRead(
            deletes_at=await self.account_deletion.request(principal, data.password)
        )
