"""Who acts, and what they may do: plain values, for services as well as for routes."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.kernel.contributions import Contribution
from core.kernel.uncopied import Uncopied


@dataclass(frozen=True)
class Permission(Uncopied, Contribution):
    """A module contributes its own, e.g. `Permission("notes:manage", "Manage every note.")`."""

    name: str
    title: str
    member: bool = False
    """Everybody who is signed in has it: it is about one's own things."""
    scope: bool = False
    """An API key may carry it."""


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """Someone who is signed in, by a session or by an API key; replaced, never changed."""

    id: UUID
    permissions: frozenset[str] = frozenset()
    """By an API key: only those of its scopes that its owner has."""
    roles: tuple[str, ...] = ()
    session_id: UUID | None = None
    key_id: UUID | None = None
    fresh_until: datetime | None = None
    """Until then the person counts as having just proved who they are."""
    text: str = field(init=False)
    """The id as logs and counters have it: written once, for it is asked at every request."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", str(self.id))

    def may(self, permission: Permission) -> bool:
        return permission.name in self.permissions

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    def is_fresh(self, now: datetime) -> bool:
        return self.fresh_until is not None and now < self.fresh_until
