"""The token endpoint of OAuth 2: sign-in and refresh by a form (RFC 6749, sections 4.3 and 6)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from pydantic import ValidationError

from core.kit import Schema
from core.kit.platform import RateLimits, current_context
from modules.auth.errors import (
    InvalidCredentials,
    InvalidGrant,
    InvalidRefreshToken,
    InvalidRequest,
    ResetRequired,
    UnsupportedGrantType,
)
from modules.auth.schemas import Credentials, RefreshRequest
from modules.auth.service.issuing import IssuedTokens
from modules.auth.service.login import Login
from modules.auth.service.refresh import Refresh
from modules.auth.settings import AuthSettings

S = TypeVar("S", bound=Schema)
Grant = Callable[[Mapping[str, str], str], Awaitable[IssuedTokens]]


class TokenEndpoint:
    def __init__(
        self, login: Login, refresh: Refresh, limits: RateLimits, settings: AuthSettings
    ) -> None:
        self._login, self._refresh, self._limit = login, refresh, limits.of("login")
        self._grants: dict[str, Grant] = {"refresh_token": self._by_refresh_token}
        if settings.password_grant:
            self._grants["password"] = self._by_password

    async def grant(self, form: Mapping[str, str], device: str) -> IssuedTokens:
        """Raises a TokenRefusal, or the error of a limit, of maintenance mode or of an overload."""
        if not (grant_type := form.get("grant_type")):
            raise InvalidRequest("The parameter {name} is missing.", name="grant_type")
        if grant_type not in self._grants:
            raise UnsupportedGrantType
        try:
            return await self._grants[grant_type](form, device)
        except (InvalidCredentials, InvalidRefreshToken) as error:
            raise InvalidGrant from error
        except ResetRequired as error:
            message = "Too many wrong passwords: the password must be reset."
            raise InvalidGrant(message) from error

    async def _by_password(self, form: Mapping[str, str], device: str) -> IssuedTokens:
        given = read(Credentials, form, {"email": "username", "password": "password"})
        await self._limit.check(current_context().client)
        return await self._login.by_password(given.email, given.password, device)

    async def _by_refresh_token(self, form: Mapping[str, str], _: str) -> IssuedTokens:
        given = read(RefreshRequest, form, {"refresh_token": "refresh_token"})
        return await self._refresh.refresh(given.refresh_token)


def read(kind: type[S], form: Mapping[str, str], parameters: Mapping[str, str]) -> S:
    """Validate a form like the JSON routes; `parameters` maps a field to its name in the form."""
    given = {field: form[name] for field, name in parameters.items() if name in form}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        wrong = parameters[str(error.errors()[0]["loc"][0])]
        message = "The parameter {name} is missing or malformed."
        raise InvalidRequest(message, name=wrong) from None
