"""The port of re-authentication by password, which the auth module serves."""

from typing import Protocol, runtime_checkable

from core.kernel.principal import Principal


@runtime_checkable
class Reauthentication(Protocol):
    async def confirm(self, principal: Principal, password: str | None) -> None:
        """Require the password of the account, or a fresh session if the account has none.

        Call this before a transaction opens: each attempt is counted in a transaction of its own.
        Raises ProofFailed, StepUpRequired, ResetRequired, TooManyAttempts, RateLimited and
        HashingBusy, which the OpenAPI document names for a route whose body has a GivenPassword.
        Raises RuntimeError inside a transaction.
        """
        ...
