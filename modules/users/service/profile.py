"""Profiles: how one is read and written, and changed by its owner."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from core.kit import Clock, Database, IfMatch, Principal
from core.kit.platform import CacheVersions, Reauthentication, Roles, VersionedCache
from modules.users.errors import UserNotFound
from modules.users.models import User
from modules.users.queries import BY_ID
from modules.users.rows import profile_of, update_row
from modules.users.schemas import ProfileUpdate, UserReplace
from modules.users.service.accounts import stored_and_key
from modules.users.values import Profile

DERIVED = frozenset({"email_key", "email_verified_at", "updated_at"})


class ProfileService:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        roles: Roles,
        cache_versions: CacheVersions,
        reauthentication: Reauthentication,
    ) -> None:
        self._db, self._clock, self._roles = db, clock, roles
        self._reauthentication = reauthentication
        self._known: VersionedCache[UUID, Profile] = VersionedCache(
            cache_versions, ("users",), 10_000
        )

    async def read(self, owner: Principal) -> Profile:
        """Return the caller's profile, the same object until the row of any user changes."""
        return self._known.get(owner.id) or await self._known.fetch(
            owner.id, lambda: self.get(owner.id)
        )

    async def change(
        self, owner: Principal, update: ProfileUpdate | UserReplace, if_match: IfMatch
    ) -> Profile:
        """Change the row in one statement; first read the row if an e-mail address is given.

        A new e-mail address needs re-authentication.
        """
        columns = update.own_changes()
        if "email" in columns:
            columns = changed_columns(columns, await self.get(owner.id))
        if "email" in columns:
            await self._reauthentication.confirm(owner, update.current_password)
        if "locale" not in columns:
            return await self.write(owner.id, columns, if_match)
        async with self._db.transaction() as tx:  # a cached principal may have an older locale
            row = await tx.get(User, owner.id, missing=UserNotFound, erasing_since=None)
            stale = () if row.locale == columns["locale"] else ("principals",)
            return await self.write(owner.id, columns, if_match, *stale)

    async def get(self, user_id: UUID) -> Profile:
        """Return the profile of any user. Raises UserNotFound."""
        async with self._db.read() as reads:
            row = await reads.one(BY_ID, {"user_id": user_id}, missing=UserNotFound)
        return profile_of(row, self._roles)

    async def write(
        self, user_id: UUID, columns: Mapping[str, object], if_match: IfMatch, *stale: str
    ) -> Profile:
        """Set these columns, and invalidate `users` and the names in `stale`.

        The caller has checked the permissions before. Raises UserNotFound, EmailTaken and Stale.
        """
        changes = {**columns, "updated_at": self._clock()} if columns else columns
        if "email" in columns:
            return await self._write_email(user_id, changes, if_match, stale)
        row = await self._db.update_by_id(
            User,
            user_id,
            changes,
            missing=UserNotFound,
            if_match=if_match,
            audit="users.change",
            invalidates=("users", *stale),
            erasing_since=None,
        )
        return profile_of(row, self._roles)

    async def _write_email(
        self, user_id: UUID, changes: Mapping[str, object], if_match: IfMatch, stale: Iterable[str]
    ) -> Profile:
        """Do the same for a new e-mail address, whose derived columns the audit entry omits."""
        fields = [name for name in changes if name not in DERIVED]
        async with self._db.transaction() as tx:
            row = await update_row(self._db, user_id, changes, if_match)
            tx.invalidate("users", *stale)
            await tx.record("users.change", ("users", user_id), fields=fields)
        return profile_of(row, self._roles)


def changed_columns(changes: Mapping[str, object], row: Profile | User) -> dict[str, object]:
    """Return the fields that differ, and the columns derived from them. Raises InvalidInput."""
    columns = {name: value for name, value in changes.items() if value != getattr(row, name)}
    if "email" in columns:
        email, key = stored_and_key(str(columns["email"]))
        columns |= {"email": email, "email_key": key, "email_verified_at": None}
    return columns
