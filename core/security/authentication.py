"""The ports of authentication, which the auth module serves, and the errors of access.

Some of these errors have no code: the module that serves the ports gives each a subclass with one.
A 401 says `invalid_token` if the credential that was sent is invalid (RFC 6750, section 3.1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.kernel.contributions import Contribution, Contributions, WiringError
from core.kernel.errors import (
    BadRequest,
    Forbidden,
    ProblemError,
    TooManyRequests,
    Unauthenticated,
)
from core.kernel.principal import Principal
from core.security.passwords import HashingBusy


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
    """This operation needs a credential, and none was sent."""

    code = "http.not_signed_in"
    title = "Sign in first."


class BadCredential(NotSignedIn):
    """The access token or the API key has ended, or was never issued."""

    code = "http.invalid_token"
    title = "This credential is unknown, expired or revoked."

    challenge = 'Bearer realm="atrium", error="invalid_token"'


class MixedCredentials(BadRequest):
    """Two credentials could mean two principals. Only `/admin/stats` requires both.

    Send either `Authorization` or `X-API-Key`.
    """

    place = "header.X-API-Key"
    code = "http.mixed_credentials"
    title = "Send one credential: a bearer token or an API key."


class NotPermitted(Forbidden):
    """None of your roles has the permission in `detail`.

    Ask an admin for a role with that permission.
    """

    code = "http.not_permitted"
    title = "You do not have the permission for this."


class KeyRequired(Unauthenticated):
    """An access token was sent without an API key of the same user."""


class KeyNotAllowed(Forbidden):
    """An API key was sent to a route that accepts none."""


class InsufficientScope(Forbidden):
    """The API key lacks the scope of the route."""


class StepUpRequired(Forbidden):
    """The sign-in or re-authentication is not recent enough for the route."""


class ProofFailed(Forbidden):
    """The password that was sent to re-authenticate is wrong."""


class TooManyAttempts(TooManyRequests):
    """Wrong passwords delay the next attempt."""


class ResetRequired(Forbidden):
    """Too many wrong passwords were sent: the password must be reset."""


WITHOUT_CODE: Sequence[type[ProblemError]] = (
    KeyRequired,
    KeyNotAllowed,
    InsufficientScope,
    StepUpRequired,
    ProofFailed,
    TooManyAttempts,
    ResetRequired,
    HashingBusy,
)
"""The errors that core raises or documents, and that need a subclass with a code."""

Named = Mapping[type[ProblemError], type[ProblemError]]
"""The subclass with a code of each error in WITHOUT_CODE."""


@dataclass(frozen=True)
class NamedErrors(Contribution):
    """Subclasses of errors in WITHOUT_CODE, with a code, a title and a page.

    The module that exports the ports of authentication contributes them. Core raises its own error,
    and a client gets it with the code, the title and the page of the subclass.
    """

    name: str
    kinds: Sequence[type[ProblemError]]


def kind_with_code(kind: type[ProblemError], named: Named) -> type[ProblemError]:
    """Return the class that gives an error its code: its own class, or the contributed subclass."""
    if hasattr(kind, "code"):
        return kind
    return next((named[base] for base in kind.__mro__ if base in named), kind)


def named_errors(contributions: Contributions) -> Named:
    """Return the contributed subclasses. Raises WiringError unless each error has exactly one."""
    kinds = [kind for it in contributions.of(NamedErrors) for kind in it.kinds]
    named: dict[type[ProblemError], type[ProblemError]] = {}
    for error in WITHOUT_CODE:
        subclasses = [kind for kind in kinds if issubclass(kind, error)]
        if len(subclasses) != 1:
            raise WiringError(
                f"The error {error.__name__} of core has {len(subclasses)} subclasses with a code: "
                "contribute exactly one by NamedErrors."
            )
        named[error] = subclasses[0]
    return named
