"""Who may call a route: each has exactly one policy, e.g. `@get("/me", policy=authenticated)`.

Litestar keeps keywords it does not know in the route's `opt`, where a controller may set the policy
of all its routes and one of them another. Guards are not used: Litestar copies the whole route
handler at every call of one.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from core.kernel.principal import Permission, Principal
from core.kernel.uncopied import Uncopied
from core.security.authentication import (
    InsufficientScope,
    KeyNotAllowed,
    NotPermitted,
    NotSignedIn,
    StepUpRequired,
)


@dataclass(frozen=True, slots=True)
class Policy(Uncopied):
    """Made from one of the four below, and narrowed by its methods.

    | option | says |
    |---|---|
    | `anyone` | nobody need sign in |
    | `strict` | a credential that is sent must be good, also where none is needed |
    | `needs` | who is signed in must have this permission |
    | `scope` | an API key with this scope may, too; where none is named no key may |
    | `step_up` | only for a while after proving who one is |
    | `both` | the bearer token and, beside it, an API key of the same person |
    | `keyless` | not with an API key, although anyone may |
    | `while_closed` | during maintenance, too |
    """

    anyone: bool = False
    strict: bool = True
    needs: Permission | None = None
    scope: Permission | None = None
    step_up: bool = False
    both: bool = False
    keyless: bool = False
    while_closed: bool = False

    def with_scope(self, scope: Permission) -> "Policy":
        """An API key may, too, if it carries this scope."""
        return replace(self, scope=scope)

    def fresh(self) -> "Policy":
        """Only for a while after signing in, or after proving again who one is (ASVS 7.5.1)."""
        return replace(self, step_up=True)

    def without_key(self) -> "Policy":
        """Not with an API key, although anyone may."""
        return replace(self, keyless=True)

    def with_key_beside(self) -> "Policy":
        """The bearer token and an API key of the same person, both (ASVS 8.4.2)."""
        return replace(self, both=True)

    def in_maintenance(self) -> "Policy":
        """Also while the service is closed to everybody but admins."""
        return replace(self, while_closed=True)

    def admit(self, principal: Principal | None, now: datetime) -> None:
        """Raises the refusal, if there is one."""
        if principal is None:
            if self.anyone:
                return
            raise NotSignedIn
        if principal.key_id and not self.both:
            self._admit_key(principal)
        if self.needs and not principal.may(self.needs):
            raise NotPermitted(f"This takes the permission {self.needs.name}.")
        if self.step_up and not principal.is_fresh(now):
            raise StepUpRequired

    def _admit_key(self, principal: Principal) -> None:
        if self.scope is None:
            if self.anyone and not self.keyless:
                return
            raise KeyNotAllowed
        if not principal.may(self.scope):
            raise InsufficientScope(f"This takes {self.scope.name}, of the key and of its owner.")


public = Policy(anyone=True, strict=False)
"""Anyone, whatever credential they send: to sign in, or to ask whether the service is there."""

optional = Policy(anyone=True)
"""Anyone; who is signed in may see more, so a bad credential is refused."""

authenticated = Policy()


def requires(permission: Permission) -> Policy:
    """Signed in, and allowed to do this; the permission is one that a module contributes."""
    return Policy(needs=permission, scope=permission if permission.scope else None)
