from collections.abc import Mapping
from typing import Any, ClassVar

from core.kit import BadRequest, Forbidden, NotFound
from core.kit.platform import NotSignedIn, ParameterValue


class InvalidCredentials(NotSignedIn):
    """The response does not say whether the e-mail address, the password or the account is wrong.

    Check both as they were typed. Each wrong attempt counts.
    """

    code = "auth.invalid_credentials"
    title = "The e-mail address or the password is wrong."


class InvalidRefreshToken(NotSignedIn):
    """It is good once, for as long as its session lasts.

    Sign in again. A token that came twice has ended its session.
    """

    code = "auth.invalid_refresh_token"
    title = "This refresh token is unknown, expired, used or revoked: sign in again."

    challenge = 'Bearer realm="atrium", error="invalid_token"'


class SessionNotFound(NotFound):
    """It has ended, or is not yours to see."""

    code = "auth.session_not_found"
    title = "There is no such session."


class ApiKeyNotFound(NotFound):
    """It was revoked, or is not yours to see."""

    code = "auth.api_key_not_found"
    title = "There is no such API key."


class ScopeNotYours(Forbidden):
    """A scope is a permission, and you do not have those that `detail` names.

    Leave them out.
    """

    code = "auth.scope_not_yours"
    title = "An API key cannot have a permission that its owner does not have."


class TokenRefusal(BadRequest):
    """A refusal of the token endpoint, with the members of RFC 6749, section 5.2."""

    error: ClassVar[str]

    def __init__(self, detail: str = "", **parameters: ParameterValue) -> None:
        super().__init__(detail, **parameters)
        self.members: Mapping[str, Any] = {"error": self.error, "error_description": self.detail}


class InvalidRequest(TokenRefusal):
    """A parameter is missing, repeated or malformed (`invalid_request` in RFC 6749).

    Correct what `error_description` names.
    """

    code = "auth.invalid_request"
    title = "The token request is malformed."
    error = "invalid_request"


class InvalidGrant(TokenRefusal):
    """`/auth/login` or `/auth/refresh` refused the credentials (`invalid_grant`, RFC 6749).

    Sign in again, with the right password.
    """

    code = "auth.invalid_grant"
    title = "The credentials or the refresh token are wrong."
    error = "invalid_grant"


class UnsupportedGrantType(TokenRefusal):
    """There are `password`, where the settings allow it, and `refresh_token`.

    Send one of those.
    """

    code = "auth.unsupported_grant_type"
    title = "The token endpoint does not support this grant_type."
    error = "unsupported_grant_type"
