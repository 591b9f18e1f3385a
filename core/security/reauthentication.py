"""The port for every password that is asked for as a proof; the auth module serves it."""

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
"""The errors of a route that asks for a proof: `responses=problems(*PROOF_REFUSALS, …)`."""


@runtime_checkable
class Reauthentication(Protocol):
    async def confirm(self, principal: Principal, password: str | None) -> None:
        """Require the password of the account, or a fresh session if the account has none.

        Call this before a transaction opens: each attempt is counted in a transaction of its own.
        Raises the PROOF_REFUSALS, and RuntimeError inside a transaction.
        """
        ...
