"""Access policies: each route has exactly one, e.g. `@get("/me", policy=authenticated)`.

The decorators of `core.kit` require it. Guards are not used, because Litestar copies the whole
route handler at every call of one.
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
    """The access policy of a route: one of the four below, changed by the methods.

    | option | says |
    |---|---|
    | `anyone` | no credential is needed |
    | `strict` | a credential that is sent must be valid, even if none is needed |
    | `needs` | the principal must have this permission |
    | `scope` | an API key with this scope is accepted; without a scope, only if `anyone` is set |
    | `step_up` | the sign-in or re-authentication must be recent |
    | `both` | an access token and an API key of the same user are needed |
    | `keyless` | no API key is accepted, even if `anyone` is set |
    | `while_closed` | allowed in maintenance mode too |
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
        """Return the policy that also accepts an API key with this scope."""
        return replace(self, scope=scope)

    def fresh(self) -> "Policy":
        """Return the policy that requires a recent sign-in or re-authentication (ASVS 7.5.1)."""
        return replace(self, step_up=True)

    def without_key(self) -> "Policy":
        """Return the policy that accepts no API key, even if it accepts anyone."""
        return replace(self, keyless=True)

    def with_key_beside(self) -> "Policy":
        """Return the policy that requires an access token and the user's API key (ASVS 8.4.2)."""
        return replace(self, both=True)

    def in_maintenance(self) -> "Policy":
        """Return the policy that also allows the route in maintenance mode."""
        return replace(self, while_closed=True)

    def admit(self, principal: Principal | None, now: datetime) -> None:
        """Raise the error of the first rule that refuses the principal, if any."""
        if principal is None:
            if self.anyone:
                return
            raise NotSignedIn
        if principal.key_id and not self.both:
            self._admit_key(principal)
        if self.needs and not principal.may(self.needs):
            raise NotPermitted(
                "This requires the permission {permission}.", permission=self.needs.name
            )
        if self.step_up and not principal.is_fresh(now):
            raise StepUpRequired

    def _admit_key(self, principal: Principal) -> None:
        if self.scope is None:
            if self.anyone and not self.keyless:
                return
            raise KeyNotAllowed
        if not principal.may(self.scope):
            message = "Both the API key and its owner need {scope}."
            raise InsufficientScope(message, scope=self.scope.name)


public = Policy(anyone=True, strict=False)
"""The policy that admits anyone and looks at no credential, for sign-in and health checks.

```python
public.admit(None, utc_now())  # raises nothing
```
"""

optional = Policy(anyone=True)
"""The policy that admits anyone, but refuses an invalid credential.

The argument `visitor` of a handler is the principal, or None.

```python
optional.admit(owner, utc_now())  # raises nothing
```
"""

authenticated = Policy()
"""The policy that admits every user who is signed in.

It refuses API keys, except with `authenticated.with_scope(WRITE)` those that have the scope.

```python
authenticated.admit(owner, utc_now())  # raises nothing
```
"""


def requires(permission: Permission) -> Policy:
    """Return the policy for principals with a permission, which a module contributes.

    An API key needs the permission as a scope. Both are 403 else.

    ```python
    MANAGE = Permission("notes:manage", "Manage every note.")
    managers = requires(MANAGE).fresh()
    ```
    """
    return Policy(needs=permission, scope=permission if permission.scope else None)
