"""The ports of authentication, which the auth module serves, and the errors of access.

A 401 says `invalid_token` if the credential that was sent is invalid (RFC 6750, section 3.1).
"""

from typing import Protocol, runtime_checkable

from core.kernel.errors import BadRequest, Forbidden, TooManyRequests, Unauthenticated
from core.kernel.principal import Principal


@runtime_checkable
class Authenticator(Protocol):
    async def identify(self, token: str) -> Principal | None:
        """Return the principal of this access token, None if it is invalid."""
        ...


@runtime_checkable
class KeyAuthenticator(Protocol):
    async def identify_key(self, key: str) -> Principal | None:
        """Return the principal of this API key, None if it is invalid."""
        ...


class NotSignedIn(Unauthenticated):
    """This takes a credential, and none was sent."""

    code = "http.not_signed_in"
    title = "Sign in first."

    challenge = 'Bearer realm="atrium"'

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers["www-authenticate"] = self.challenge


class BadCredential(NotSignedIn):
    """The access token or API key that was sent has ended, or never was one."""

    code = "http.invalid_token"
    title = "This credential is unknown, expired or revoked."

    challenge = 'Bearer realm="atrium", error="invalid_token"'


class KeyRequired(NotSignedIn):
    """The access token is valid, but a valid API key of the same user must come with it.

    Send the key in `X-API-Key`. `POST /auth/api-keys` makes one.
    """

    code = "auth.key_required"
    title = "Send one of your API keys beside the access token."


class MixedCredentials(BadRequest):
    """Two credentials could mean two callers; `/admin/stats` alone takes both.

    Send `Authorization` or `X-API-Key`, and leave the other out.
    """

    place = "header.X-API-Key"
    code = "http.mixed_credentials"
    title = "Send one credential: a bearer token or an API key."


class NotPermitted(Forbidden):
    """None of your roles has the permission that `detail` names.

    Ask an admin for a role that has it.
    """

    code = "http.not_permitted"
    title = "You do not have the permission for this."


class KeyNotAllowed(Forbidden):
    """A key acts within its scopes, and there is no scope for this.

    Sign in, and send the access token instead of the key.
    """

    code = "auth.key_not_allowed"
    title = "This cannot be done with an API key: sign in."


class InsufficientScope(Forbidden):
    """The key is good, and was made without the scope that `detail` names.

    Make another key that carries it: the scopes of a key do not change.
    """

    code = "auth.insufficient_scope"
    title = "This API key does not have the required scope."


class StepUpRequired(Forbidden):
    """You are signed in, and this asks for a recent proof of who you are.

    Send your password to `POST /auth/step-up`, then repeat the request.
    """

    code = "auth.step_up_required"
    title = "Authenticate again, then repeat the request."


class ProofFailed(Forbidden):
    """The password given as proof is not that of the account you are signed in with.

    Give the right one. Each wrong one counts, and after some of them you have to wait.
    """

    code = "auth.proof_failed"
    title = "The proof of your identity is wrong."


class TooManyAttempts(TooManyRequests):
    """Each wrong password delays the next attempt, per account and per client.

    Wait as many seconds as `Retry-After` says, then send the right password.
    """

    code = "auth.too_many_attempts"
    title = "Too many wrong attempts: wait before the next one."


class ResetRequired(Forbidden):
    """After 100 wrong passwords in a row no further password is compared for this account.

    Reset the password. Until mails are sent, ask an admin to enable the account, or the operator
    to run `atrium user unlock`. Each client that has signed in to the account before is counted by
    itself: such a client may still sign in.
    """

    code = "auth.reset_required"
    title = "Too many wrong passwords: the password must be reset."
