"""The port of re-authentication by password, which the auth module serves."""

from typing import Protocol, runtime_checkable

from core.kernel.principal import Principal
from core.security.authentication import (
    ProofFailed,
    ResetRequired,
    StepUpRequired,
    TooManyAttempts,
)
from core.security.limits import RateLimited
from core.security.passwords import HashingBusy

PROOF_REFUSALS = (
    ProofFailed,
    StepUpRequired,
    ResetRequired,
    TooManyAttempts,
    RateLimited,
    HashingBusy,
)
"""The errors of a route with re-authentication: `errors=(*PROOF_REFUSALS, …)`."""


@runtime_checkable
class Reauthentication(Protocol):
    async def confirm(self, principal: Principal, password: str | None) -> None:
        """Require the password of the account, or a fresh session if the account has none.

        Call this before a transaction opens: each attempt is counted in a transaction of its own.
        Raises the errors in PROOF_REFUSALS, and RuntimeError inside a transaction.
        """
        ...
