"""Roles are sets of permissions: `member` has those for own resources, `admin` has all.

The types of their names are for bodies and for the OpenAPI document.
"""

from collections.abc import Iterable
from functools import cache
from typing import Annotated

from pydantic import Field

from core.kernel.contributions import Contributions
from core.kernel.errors import FieldError, InvalidInput
from core.kernel.principal import Permission

ADMIN = "admin"
MEMBER = "member"
ROLES = (ADMIN, MEMBER)

PermissionName = Annotated[str, Field(json_schema_extra={"x-enum": "permission"})]
"""The name of a permission that an installed module declares."""

RoleName = Annotated[str, Field(json_schema_extra={"format": "role"}, examples=[MEMBER, ADMIN])]
"""The name of a role. A client must accept any text, because roles may be added."""


class Roles:
    """The permissions of each role, contributed by all modules."""

    def __init__(self, contributions: Contributions) -> None:
        self._contributions = contributions
        self._known = cache(self._permissions_of)

    def permissions_of(self, roles: Iterable[str]) -> frozenset[str]:
        """Return the names of the permissions of these roles; an unknown role has none."""
        return self._known(tuple(roles))

    def check(self, roles: Iterable[str], location: str = "body.roles") -> tuple[str, ...]:
        """Return the roles sorted, each once. Raises InvalidInput for an unknown role."""
        wanted, message = tuple(roles), "The value must be one of {allowed}."
        errors = [
            FieldError(f"{location}.{at}", message, "unknown_role", {"allowed": ROLES})
            for at, role in enumerate(wanted)
            if role not in ROLES
        ]
        if errors:
            raise InvalidInput(errors)
        return tuple(sorted(set(wanted)))

    def _permissions_of(self, roles: tuple[str, ...]) -> frozenset[str]:
        permissions, is_member = self._contributions.of(Permission), MEMBER in roles
        return frozenset(
            it.name for it in permissions if ADMIN in roles or (it.member and is_member)
        )
