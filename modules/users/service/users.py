"""Users by their ids: the caller as at `/users/me`, other users with a permission."""

from uuid import UUID

from core.kit import IfMatch, NotPermitted, Principal
from modules.users.errors import UseDeletion, UserNotFound
from modules.users.permissions import READ, WRITE
from modules.users.schemas import ProfileUpdate, UserReplace
from modules.users.service.administration import UserAdministration
from modules.users.service.profile import ProfileService
from modules.users.values import Profile

CHANGEABLE = frozenset({"name", "age"})
"""The fields of another user that the permission `users:write` is for."""


class UserService:
    def __init__(self, profiles: ProfileService, administration: UserAdministration) -> None:
        self._profiles, self._administration = profiles, administration

    async def get(self, reader: Principal, user_id: UUID) -> Profile:
        """Return a profile; read access to another user is audited. Raises UserNotFound."""
        if user_id == reader.id:
            return await self._profiles.read(reader)
        if not reader.may(READ):
            raise UserNotFound
        return await self._administration.read(user_id, "users.read")

    async def change(
        self,
        actor: Principal,
        user_id: UUID,
        update: ProfileUpdate | UserReplace,
        if_match: IfMatch,
    ) -> Profile:
        """Change a user. Raises NotYoursToChange for a field beside the name and the age."""
        if user_id == actor.id:
            return await self._profiles.change(actor, update, if_match)
        require_writer(actor)
        changes = update.changes()
        return await self._administration.change(actor, user_id, changes, if_match, CHANGEABLE)

    async def delete(self, actor: Principal, user_id: UUID, if_match: IfMatch) -> None:
        if user_id == actor.id:
            raise UseDeletion
        require_writer(actor)
        await self._administration.delete(actor, user_id, if_match)


def require_writer(actor: Principal) -> None:
    """Raise NotPermitted, or UserNotFound for a caller who may not even read other users."""
    if actor.may(WRITE):
        return
    if not actor.may(READ):
        raise UserNotFound
    raise NotPermitted("This requires the permission {permission}.", permission=WRITE.name)
