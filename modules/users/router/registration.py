"""The route by which users register, which the module adds to `auth`."""

from litestar import Controller

from core.kit import post, public
from modules.users.errors import EmailTaken
from modules.users.schemas import ProfileRead, RegistrationRequest
from modules.users.service.accounts import AccountService


class RegistrationController(Controller):
    accounts: AccountService

    @post(
        "/register",
        summary="Open an account",
        policy=public.without_key(),
        limit="register",
        audit="users.create",
        location="/users/{id}",
        errors=(EmailTaken,),
    )
    async def register(self, data: RegistrationRequest) -> ProfileRead:
        return ProfileRead.of(await self.accounts.register(data.account()))
