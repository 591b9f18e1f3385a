"""The service for profiles: the caller's with re-authentication, others' with permissions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.kit import (
    Database,
    FieldError,
    IfMatch,
    InvalidInput,
    NotPermitted,
    PageRequest,
    Principal,
    Rows,
)
from core.kit.platform import MEMBER, CacheVersions, Reauthentication, VersionedCache
from modules.users.errors import NotYoursToChange, UseDeletion
from modules.users.permissions import READ, WRITE
from modules.users.public import NewAccount, Person, UserNotFound
from modules.users.queries import PEOPLE
from modules.users.schemas import ProfileReplace, ProfileUpdate, UserCreate, UserReplace
from modules.users.service.people import PLAIN, PeopleService, changed_columns

OTHERS_MAY_CHANGE = frozenset({"name", "age"})


class ProfileService:
    def __init__(
        self,
        db: Database,
        cache_versions: CacheVersions,
        people: PeopleService,
        reauthentication: Reauthentication,
    ) -> None:
        self._db = db
        self._people, self._reauthentication = people, reauthentication
        self._known: VersionedCache[UUID, Person] = VersionedCache(
            cache_versions, ("users",), 10_000
        )

    async def mine(self, reader: Principal) -> Person:
        """Return the caller's profile, the same object until the row of any user changes."""
        return self._known.get(reader.id) or await self._known.fetch(
            reader.id, lambda: self._people.person(reader.id)
        )

    async def page(self, request: PageRequest) -> Rows[Person]:
        return await self._people.page(request, PEOPLE)

    async def get(self, reader: Principal, user_id: UUID) -> Person:
        """Return a profile; read access to another user is audited. Raises UserNotFound."""
        if user_id == reader.id:
            return await self.mine(reader)
        if not reader.may(READ):
            raise UserNotFound
        person = await self._people.person(user_id)
        async with self._db.transaction() as tx:
            await tx.record("users.read", ("users", user_id))
        return person

    async def create(self, actor: Principal, new: UserCreate) -> Person:
        return await self._people.create(actor, NewAccount(**new.model_dump()), (MEMBER,))

    async def change(
        self, actor: Principal, user_id: UUID, update: ProfileUpdate, if_match: IfMatch
    ) -> Person:
        changes = update.changes()
        if user_id == actor.id:
            return await self._change_own(actor, changes, update.current_password, if_match)
        return await self._change_other(actor, user_id, changes, if_match)

    async def replace(
        self, actor: Principal, user_id: UUID, whole: UserReplace, if_match: IfMatch
    ) -> Person:
        if user_id == actor.id:
            own = whole if isinstance(whole, ProfileReplace) else as_own(whole)
            return await self._change_own(actor, own.whole(), whole.current_password, if_match)
        return await self._change_other(actor, user_id, whole.whole(), if_match)

    async def delete(self, actor: Principal, user_id: UUID, if_match: IfMatch) -> None:
        if user_id == actor.id:
            raise UseDeletion
        self._must_be_allowed(actor)
        await self._people.delete(actor, user_id, if_match)

    async def _change_own(
        self, actor: Principal, changes: Mapping[str, Any], proof: str | None, if_match: IfMatch
    ) -> Person:
        """Change the row in one statement; first read the row if an e-mail address is given."""
        columns = dict(changes)
        if "email" in columns:
            columns = changed_columns(columns, await self._people.person(actor.id))
        if "email" in columns:
            await self._reauthentication.confirm(actor, proof)
        if columns and columns.keys() <= PLAIN:
            return await self._people.write_plain(actor.id, columns, if_match)
        async with self._db.transaction() as tx:
            return await self._people.write(tx, actor.id, columns, if_match)

    async def _change_other(
        self, actor: Principal, user_id: UUID, changes: Mapping[str, Any], if_match: IfMatch
    ) -> Person:
        self._must_be_allowed(actor)
        columns = changed_columns(changes, await self._people.changeable(actor, user_id))
        if refused := sorted(changes.keys() & columns.keys() - OTHERS_MAY_CHANGE):
            message = "Of another person you may change name and age, not {fields}."
            raise NotYoursToChange(message, fields=refused)
        return await self._people.change(actor, user_id, columns, if_match)

    def _must_be_allowed(self, actor: Principal) -> None:
        """Raise NotPermitted, or UserNotFound for a caller who may not even read other users."""
        if actor.may(WRITE):
            return
        raise (
            NotPermitted("This takes the permission {permission}.", permission=WRITE.name)
            if actor.may(READ)
            else UserNotFound
        )


def as_own(whole: UserReplace) -> ProfileReplace:
    """Return the body for one's own profile, which needs the e-mail. Raises InvalidInput."""
    if "email" not in whole.model_fields_set:
        raise InvalidInput([FieldError("body.email", "This is required.", "missing")])
    return ProfileReplace.model_validate(whole.model_dump(exclude_unset=True))
