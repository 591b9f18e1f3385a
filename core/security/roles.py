"""Roles are sets of permissions: `member` has those for one's own things, `admin` has all."""

from collections.abc import Iterable
from functools import cache

from core.kernel.contributions import Contributions
from core.kernel.errors import FieldError, InvalidInput
from core.kernel.principal import Permission

ADMIN = "admin"
MEMBER = "member"
ROLES = (ADMIN, MEMBER)


class Roles:
    """What each role may: the sum of what modules contribute."""

    def __init__(self, contributions: Contributions) -> None:
        self._contributions = contributions
        self._known = cache(self._permissions_of)

    def permissions_of(self, roles: Iterable[str]) -> frozenset[str]:
        """Names of permissions; a role that is no more gives none."""
        return self._known(tuple(roles))

    def check(self, roles: Iterable[str], location: str = "body.roles") -> tuple[str, ...]:
        """Each once, in order. Raises InvalidInput for a role that there is not."""
        wanted = tuple(roles)
        errors = [
            FieldError(f"{location}.{at}", f"There is only {' and '.join(ROLES)}.", "unknown_role")
            for at, role in enumerate(wanted)
            if role not in ROLES
        ]
        if errors:
            raise InvalidInput(errors)
        return tuple(sorted(set(wanted)))

    def _permissions_of(self, roles: tuple[str, ...]) -> frozenset[str]:
        every = self._contributions.of(Permission)
        if ADMIN in roles:
            return frozenset(each.name for each in every)
        return frozenset(each.name for each in every if each.member and MEMBER in roles)
