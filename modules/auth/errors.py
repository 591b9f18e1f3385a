from collections.abc import Mapping
from typing import Any, ClassVar

from core.kit import BadRequest, Forbidden, NotFound, platform
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


class KeyRequired(platform.KeyRequired):
    """The access token is valid, but a valid API key of the same user must come with it.

    Send the key in `X-API-Key`. `POST /auth/api-keys` makes one.
    """

    code = "auth.key_required"
    title = "Send one of your API keys beside the access token."


class KeyNotAllowed(platform.KeyNotAllowed):
    """A key acts within its scopes, and there is no scope for this.

    Sign in, and send the access token instead of the key.
    """

    code = "auth.key_not_allowed"
    title = "This cannot be done with an API key: sign in."


class InsufficientScope(platform.InsufficientScope):
    """The key is good, and was made without the scope that `detail` names.

    Make another key that carries it: the scopes of a key do not change.
    """

    code = "auth.insufficient_scope"
    title = "This API key does not have the required scope."


class StepUpRequired(platform.StepUpRequired):
    """You are signed in, and this asks for a recent proof of who you are.

    Send your password to `POST /auth/step-up`, then repeat the request.
    """

    code = "auth.step_up_required"
    title = "Authenticate again, then repeat the request."


class ProofFailed(platform.ProofFailed):
    """The password given as proof is not that of the account you are signed in with.

    Give the right one. Each wrong one counts, and after some of them you have to wait.
    """

    code = "auth.proof_failed"
    title = "The proof of your identity is wrong."


class TooManyAttempts(platform.TooManyAttempts):
    """Each wrong password delays the next attempt, per account and per client.

    Wait as many seconds as `Retry-After` says, then send the right password.
    """

    code = "auth.too_many_attempts"
    title = "Too many wrong attempts: wait before the next one."


class ResetRequired(platform.ResetRequired):
    """After 100 wrong passwords in a row no further password is compared for this account.

    Reset the password. Until mails are sent, ask an admin to enable the account, or the operator
    to run `atrium user unlock`. Each client that has signed in to the account before is counted by
    itself: such a client may still sign in.
    """

    code = "auth.reset_required"
    title = "Too many wrong passwords: the password must be reset."


class HashingBusy(platform.HashingBusy):
    """Checking a password is costly on purpose, and only so many may wait for it."""

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
