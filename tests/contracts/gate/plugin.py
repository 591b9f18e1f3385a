"""A module of sign-in that stands in for `auth`, with error codes of its own."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from litestar import Controller

from core.kernel.errors import ProblemError
from core.kit import (
    Contribution,
    Export,
    Module,
    NotPermitted,
    Permission,
    Principal,
    get,
    requires,
    utc_now,
    uuid7,
)
from core.kit.platform import (
    Authenticator,
    KeyAuthenticator,
    NamedErrors,
    NewPasswords,
    Reauthentication,
    StorePassword,
)
from core.security.authentication import WITHOUT_CODE, StepUpRequired

OPEN = Permission("gate:open", "Open the gate.", scope=True)


class NotFreshAtTheGate(StepUpRequired):
    code = "gate.not_fresh"
    title = "Ring again."


def at_the_gate(error: type[ProblemError]) -> type[ProblemError]:
    texts = {"code": f"gate.{error.__name__.lower()}", "title": "Stay outside."}
    return type(f"{error.__name__}AtTheGate", (error,), texts)


OTHERS: list[type[ProblemError]] = [
    at_the_gate(error) for error in WITHOUT_CODE if error is not StepUpRequired
]
ERRORS: list[type[ProblemError]] = [NotFreshAtTheGate, *OTHERS]


class Guard:
    """A guard that serves every port of authentication."""

    async def identify(self, token: str) -> Principal | None:
        ago = utc_now() - timedelta(hours=1)
        permissions = frozenset({OPEN.name})
        return Principal(uuid7(), permissions, fresh_until=ago) if token == "good" else None

    async def identify_key(self, key: str) -> Principal | None:
        return Principal(uuid7(), key_id=uuid7())

    async def confirm(self, principal: Principal, password: str | None) -> None: ...

    async def prepare(self, password: str, *context: str) -> StorePassword:
        raise NotPermitted("The gate stores no passwords.")


class GateController(Controller):
    @get(summary="Look at the gate", policy=requires(OPEN).fresh())
    async def look(self) -> None: ...


class Gate(Module):
    controllers: ClassVar[Sequence[type[Controller]]] = (GateController,)
    services = (Guard,)
    errors: ClassVar[Sequence[type[ProblemError]]] = ERRORS

    def contributions(self) -> Sequence[Contribution]:
        ports = (Authenticator, KeyAuthenticator, Reauthentication, NewPasswords)
        exports = [Export(port, self.provider(Guard)) for port in ports]
        return (OPEN, NamedErrors("gate.errors", self.errors), *exports)


class SilentGate(Gate):
    errors = OTHERS
