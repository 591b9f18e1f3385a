"""Principals and their permissions: plain values, for services and for routes."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.kernel.contributions import Contribution
from core.kernel.uncopied import Uncopied


@dataclass(frozen=True)
class Permission(Uncopied, Contribution):
    """A permission of a module, which roles may have. Routes name it: `policy=requires(MANAGE)`.

    Raises WiringError at the start if a route names one that no module contributes.

    ```python
    WRITE = Permission("notes:write", "Write notes.", member=True, scope=True)
    MANAGE = Permission("notes:manage", "Manage every note.")
    ```
    """

    name: str
    title: str
    """The sentence that an admin reads beside the name."""
    member: bool = False
    """Whether the role `member` has it, as for operations on the user's own resources."""
    scope: bool = False
    """Whether an API key may have it as a scope."""


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """The signed-in user, or the API key, on whose behalf a request runs; it is immutable.

    A handler gets it as the argument `principal`.

    ```python
    MANAGE = Permission("notes:manage", "Manage every note.")
    manager = Principal(uuid7(), permissions=frozenset({"notes:manage"}))
    assert manager.may(MANAGE) and not owner.may(MANAGE)
    ```
    """

    id: UUID
    """The id of the user, also with an API key."""
    permissions: frozenset[str] = frozenset()
    """With an API key: only those of its scopes that its owner has as permissions."""
    roles: tuple[str, ...] = ()
    session_id: UUID | None = None
    key_id: UUID | None = None
    fresh_until: datetime | None = None
    """The time until which no re-authentication is needed."""
    locale: str | None = None
    """The language tag that the user has chosen, e.g. `ko-KR`."""
    text: str = field(init=False)
    """The id as text for logs and counters, made once because every request needs it."""
    is_admin: bool = field(init=False)
    """Whether the user has the role `admin`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", str(self.id))
        object.__setattr__(self, "is_admin", "admin" in self.roles)

    def may(self, permission: Permission) -> bool:
        """Return whether the principal has the permission."""
        return permission.name in self.permissions

    def is_fresh(self, now: datetime) -> bool:
        return self.fresh_until is not None and now < self.fresh_until
