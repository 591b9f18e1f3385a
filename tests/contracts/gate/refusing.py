"""A gate that raises each error of access as the core defines it, without a code."""

from collections.abc import Callable

from litestar import Controller

from core.kernel.errors import ProblemError
from core.kit import get, public
from core.security.authentication import (
    InsufficientScope,
    KeyNotAllowed,
    KeyRequired,
    ProofFailed,
    ResetRequired,
    StepUpRequired,
    TooManyAttempts,
)
from core.security.passwords import HashingBusy
from tests.contracts.gate.plugin import Gate


class StepUpForVault(StepUpRequired):
    """An error of a module, which has the code of its base class."""


def with_members(error: ProblemError, **members: object) -> ProblemError:
    error.members = members
    return error


RAISED: dict[str, Callable[[], ProblemError]] = {
    "keyrequired": lambda: KeyRequired("Send {count} keys.", count=2),
    "keynotallowed": KeyNotAllowed,
    "insufficientscope": lambda: InsufficientScope("The scope {scope} is missing.", scope="open"),
    "not_fresh": StepUpForVault,
    "prooffailed": lambda: ProofFailed("The password is wrong.").at("body.password"),
    "toomanyattempts": lambda: TooManyAttempts(7),
    "resetrequired": lambda: with_members(ResetRequired().at("body.password"), wrong=100),
    "hashingbusy": lambda: HashingBusy(retry_after_s=30),
}


class RefusingController(Controller):
    @get(
        "/refuse/{name:str}",
        summary="Refuse",
        policy=public,
        errors=(StepUpForVault, TooManyAttempts),
    )
    async def refuse(self, name: str) -> None:
        raise RAISED[name]()


class RefusingGate(Gate):
    controllers = (RefusingController,)
