"""The administration of users, with the rules of which user may change which other one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from core.kit import (
    Clock,
    Contributions,
    Database,
    IfMatch,
    Listing,
    PageRequest,
    Principal,
    Rows,
    Transaction,
    requires,
)
from core.kit.platform import ADMIN, ANY_VERSION, MEMBER, Roles, StepUpRequired
from modules.users.errors import BeyondOwnRights, LastAdmin, NotYoursToChange, UserNotFound
from modules.users.models import User
from modules.users.permissions import ROLES
from modules.users.public import AccountSignedOut, UserDisabled
from modules.users.queries import ACCOUNTS, PROFILES, is_last_admin
from modules.users.rows import profile_of, profiles_of, update_row
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.accounts import AccountService
from modules.users.service.profile import ProfileService, changed_columns
from modules.users.values import NewAccount, Profile


class UserAdministration:
    """The operations on other users, for `/users` and for `/admin/users`.

    Raises UserNotFound. An actor cannot change, disable or delete a user who has a permission that
    the actor lacks, and cannot grant such a permission (BeyondOwnRights). One active admin always
    remains (LastAdmin).
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        roles: Roles,
        contributions: Contributions,
        profiles: ProfileService,
        accounts: AccountService,
        account_deletion: AccountDeletion,
    ) -> None:
        self._db, self._clock, self._roles = db, clock, roles
        self._contributions, self._profiles = contributions, profiles
        self._accounts, self._account_deletion = accounts, account_deletion

    async def page(self, request: PageRequest, listing: Listing = ACCOUNTS) -> Rows[Profile]:
        """Return a page of users, and note the read access in the audit trail."""
        rows = await self._db.page(listing, PROFILES, request)
        self._db.record_later("users.list", ("users", None))
        return Rows(profiles_of(rows.items, self._roles), rows.total, rows.request, rows.last)

    async def read(self, user_id: UUID, audit: str) -> Profile:
        """Return another user, and record this read access under the action `audit`."""
        profile = await self._profiles.get(user_id)
        async with self._db.transaction() as tx:
            await tx.record(audit, ("users", user_id))
        return profile

    async def create(
        self, actor: Principal, new: NewAccount, roles: Sequence[str] = (MEMBER,)
    ) -> Profile:
        """Add a user. Further roles need the same as a change of roles."""
        if set(roles) - {MEMBER}:
            requires(ROLES).fresh().admit(actor, self._clock())
        wanted = self._roles.check(roles)
        self._must_cover(actor, wanted)
        return await self._accounts.register(new, wanted)

    async def change(
        self,
        actor: Principal,
        user_id: UUID,
        changes: Mapping[str, object],
        if_match: IfMatch = ANY_VERSION,
        only: Collection[str] | None = None,
    ) -> Profile:
        """Set fields, or `only` these. Raises NotYoursToChange, EmailTaken and Stale."""
        async with self._db.transaction() as tx:
            row = await self._locked(tx, actor, user_id)
            columns = changed_columns(changes, row)
            if only is not None:
                refuse_others(changes.keys() & columns.keys() - only)
            if "email" in columns and user_id == actor.id and not actor.is_fresh(self._clock()):
                raise StepUpRequired
            return await self._profiles.write(user_id, columns, if_match)

    async def log_out(self, actor: Principal, user_id: UUID) -> None:
        """End every session of a user."""
        self._must_cover(actor, (await self._profiles.get(user_id)).roles)
        for signed_out in self._contributions.of(AccountSignedOut):
            await signed_out.run(user_id)

    async def disable(self, actor: Principal, user_id: UUID) -> None:
        """End every session, API key and sign-in of a user, and refuse new ones."""
        async with self._db.transaction() as tx:
            row = await self._locked_with_admins(tx, actor, user_id)
            if row.is_active:
                await update_row(self._db, user_id, {"is_active": False})
                await self._account_deletion.close(tx, user_id)
                await tx.publish(UserDisabled(user_id=user_id))
            await tx.record("users.disable", row)

    async def enable(self, actor: Principal, user_id: UUID) -> None:
        """Allow sign-in again. This cancels a later deletion and clears wrong attempts."""
        async with self._db.transaction() as tx:
            row = await self._locked(tx, actor, user_id)
            leaving = row.deletes_at is not None
            if leaving or not row.is_active:
                await update_row(self._db, user_id, {"is_active": True, "deletes_at": None})
                tx.invalidate("users", "principals")
            await self._accounts.unlock(row.email)
            if leaving:
                await tx.record("users.enable", row, deletion="called off")
            else:
                await tx.record("users.enable", row)

    async def set_roles(
        self, actor: Principal, user_id: UUID, roles: Sequence[str], if_match: IfMatch = ANY_VERSION
    ) -> Profile:
        wanted = self._roles.check(roles)
        async with self._db.transaction() as tx:
            before = (await self._locked_with_admins(tx, actor, user_id, ADMIN in wanted)).roles
            self._must_cover(actor, wanted)
            changes = {"roles": wanted, "updated_at": self._clock()}
            row = await update_row(self._db, user_id, changes, if_match)
            tx.invalidate("users", "principals")
            await tx.record(
                "users.set_roles", ("users", user_id), before=[*before], after=[*wanted]
            )
        return profile_of(row, self._roles)

    async def delete(
        self, actor: Principal, user_id: UUID, if_match: IfMatch = ANY_VERSION
    ) -> None:
        async with self._db.transaction() as tx:
            if_match.check(await self._locked_with_admins(tx, actor, user_id))
            await self._account_deletion.remove(tx, user_id)
            await tx.record("users.delete", ("users", user_id))

    async def _locked(self, tx: Transaction, actor: Principal, user_id: UUID) -> User:
        """Lock and return the row. Raises UserNotFound and BeyondOwnRights."""
        row = await tx.get(User, user_id, missing=UserNotFound, erasing_since=None)
        self._must_cover(actor, row.roles)
        return row

    async def _locked_with_admins(
        self, tx: Transaction, actor: Principal, user_id: UUID, stays_admin: bool = False
    ) -> User:
        """Lock the row and the admins. Raises the errors of `_locked`, and LastAdmin."""
        is_last = await is_last_admin(tx, user_id)
        row = await self._locked(tx, actor, user_id)
        if is_last and not stays_admin:
            raise LastAdmin
        return row

    def _must_cover(self, actor: Principal, roles: Iterable[str]) -> None:
        if not self._roles.permissions_of(roles) <= actor.permissions:
            raise BeyondOwnRights


def refuse_others(fields: Collection[str]) -> None:
    if fields:
        message = "You may change the name and the age of another user, but not {fields}."
        raise NotYoursToChange(message, fields=sorted(fields))
