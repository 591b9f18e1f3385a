"""The permissions of all modules, with the roles that have them."""

from collections.abc import Sequence

from core.kit import Contributions, Permission
from core.kit.platform import ADMIN, MEMBER, Roles
from modules.users.schemas import PermissionRead


class PermissionDirectory:
    def __init__(self, contributions: Contributions, roles: Roles) -> None:
        self._contributions, self._roles = contributions, roles

    def all(self) -> Sequence[PermissionRead]:
        """Return the permissions of each module with the roles that have them."""
        names = {role: self._roles.permissions_of((role,)) for role in (ADMIN, MEMBER)}
        return [
            PermissionRead(
                name=permission.name,
                title=permission.title,
                module=module,
                roles=tuple(role for role, owned in names.items() if permission.name in owned),
                scope=permission.scope,
            )
            for module in self._contributions.modules
            for permission in self._contributions.of(Permission, module)
        ]
