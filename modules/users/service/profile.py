"""The profile of the caller; a new e-mail address needs re-authentication."""

from uuid import UUID

from core.kit import IfMatch, Principal
from core.kit.platform import CacheVersions, Reauthentication, VersionedCache
from modules.users.schemas import ProfileUpdate, UserReplace
from modules.users.service.administration import UserAdministration, changed_columns
from modules.users.values import Profile


class ProfileService:
    def __init__(
        self,
        cache_versions: CacheVersions,
        administration: UserAdministration,
        reauthentication: Reauthentication,
    ) -> None:
        self._administration, self._reauthentication = administration, reauthentication
        self._known: VersionedCache[UUID, Profile] = VersionedCache(
            cache_versions, ("users",), 10_000
        )

    async def read(self, owner: Principal) -> Profile:
        """Return the caller's profile, the same object until the row of any user changes."""
        return self._known.get(owner.id) or await self._known.fetch(
            owner.id, lambda: self._administration.profile(owner.id)
        )

    async def change(
        self, owner: Principal, update: ProfileUpdate | UserReplace, if_match: IfMatch
    ) -> Profile:
        """Change the row in one statement; first read the row if an e-mail address is given."""
        columns = update.own_changes()
        if "email" in columns:
            columns = changed_columns(columns, await self._administration.profile(owner.id))
        if "email" in columns:
            await self._reauthentication.confirm(owner, update.current_password)
        is_moved = columns.get("locale", owner.locale) != owner.locale
        stale = ("principals",) if is_moved else ()  # a principal contains the locale
        return await self._administration.write(owner.id, columns, if_match, *stale)
