from typing import ClassVar

from core.kit import BadRequest, Forbidden, NotFound, platform
from core.kit.platform import NotSignedIn, ParameterValue


class InvalidCredentials(NotSignedIn):
    """The response does not say whether the e-mail address, the password or the account is wrong.

    Check the e-mail address and the password. Each wrong attempt is counted.
    """

    code = "auth.invalid_credentials"
    title = "The e-mail address or the password is wrong."


class InvalidRefreshToken(NotSignedIn):
    """A refresh token can be used once, while its session lasts.

    Sign in again. A refresh token that is sent twice ends its session.
    """

    code = "auth.invalid_refresh_token"
    title = "This refresh token is unknown, expired, used or revoked: sign in again."

    challenge = 'Bearer realm="atrium", error="invalid_token"'


class SessionNotFound(NotFound):
    """The session has ended, or you may not read it."""

    code = "auth.session_not_found"
    title = "There is no such session."


class ApiKeyNotFound(NotFound):
    """The API key was revoked, or you may not read it."""

    code = "auth.api_key_not_found"
    title = "There is no such API key."


class ScopeNotYours(Forbidden):
    """A scope is a permission, and the owner does not have the permissions in `detail`.

    Leave those scopes out.
    """

    code = "auth.scope_not_yours"
    title = "An API key cannot have a permission that its owner does not have."


class TokenRefusal(BadRequest):
    """A refusal of the token endpoint, with the members of RFC 6749, section 5.2."""

    error: ClassVar[str]

    def __init__(self, detail: str = "", **parameters: ParameterValue) -> None:
        super().__init__(detail, **parameters)
        self.members = {"error": self.error, "error_description": self.detail}


class InvalidRequest(TokenRefusal):
    """A parameter is missing, repeated or malformed (`invalid_request` in RFC 6749).

    Correct the parameter in `error_description`.
    """

    code = "auth.invalid_request"
    title = "The token request is malformed."
    error = "invalid_request"


class InvalidGrant(TokenRefusal):
    """`/auth/login` or `/auth/refresh` refused the credentials (`invalid_grant`, RFC 6749).

    Sign in again with the right password.
    """

    code = "auth.invalid_grant"
    title = "The credentials or the refresh token are wrong."
    error = "invalid_grant"


class UnsupportedGrantType(TokenRefusal):
    """The token endpoint supports `refresh_token` and, if the settings allow it, `password`.

    Send one of these.
    """

    code = "auth.unsupported_grant_type"
    title = "The token endpoint does not support this grant_type."
    error = "unsupported_grant_type"


class KeyRequired(platform.KeyRequired):
    """The access token is valid, but a valid API key of the same user must be sent with it.

    Send the API key in `X-API-Key`. `POST /auth/api-keys` makes one.
    """

    code = "auth.key_required"
    title = "Send one of your API keys together with the access token."


class KeyNotAllowed(platform.KeyNotAllowed):
    """An API key acts within its scopes, and no scope covers this operation.

    Sign in, and send the access token instead of the API key.
    """

    code = "auth.key_not_allowed"
    title = "This cannot be done with an API key: sign in."


class InsufficientScope(platform.InsufficientScope):
    """The API key is valid, but it was made without the scope in `detail`.

    Make another API key with that scope. The scopes of an API key do not change.
    """

    code = "auth.insufficient_scope"
    title = "This API key does not have the required scope."


class StepUpRequired(platform.StepUpRequired):
    """You are signed in, but this operation needs a recent re-authentication.

    Send your password to `POST /auth/step-up`, then repeat the request.
    """

    code = "auth.step_up_required"
    title = "Authenticate again, then repeat the request."


class ProofFailed(platform.ProofFailed):
    """The password is not that of the account with which you are signed in.

    Send the right password. Each wrong password is counted, and after several of them you have to
    wait.
    """

    code = "auth.proof_failed"
    title = "Re-authentication failed."


class TooManyAttempts(platform.TooManyAttempts):
    """Each wrong password delays the next attempt, per account and per client.

    Wait for the seconds in `Retry-After`, then send the right password.
    """

    code = "auth.too_many_attempts"
    title = "Too many wrong attempts: wait before the next one."


class ResetRequired(platform.ResetRequired):
    """After 100 wrong passwords in a row, no password is checked for this account any more.

    Reset the password. Until the service can send mails, ask an admin to enable the account, or the
    operator to run `atrium user unlock`. Wrong passwords from a client that has signed in to the
    account before are counted separately, so such a client may still sign in.
    """

    code = "auth.reset_required"
    title = "Too many wrong passwords: the password must be reset."


class HashingBusy(platform.HashingBusy):
    """A password check is expensive on purpose, and only some requests may wait for one."""

    code = "auth.busy"
    title = "Too many users are signing in at the moment; try again."


NAMED_ERRORS = (
    KeyRequired,
    KeyNotAllowed,
    InsufficientScope,
    StepUpRequired,
    ProofFailed,
    TooManyAttempts,
    ResetRequired,
    HashingBusy,
)
"""The errors that give a code to those of core."""
