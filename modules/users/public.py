"""The ports, values, events and contributions by which other modules use accounts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from core.kit import Conflict, Contribution, Event, Forbidden, IfMatch, PageRequest, Principal, Rows
from core.kit.platform import ADMIN as ADMIN
from core.kit.platform import ANY_VERSION
from core.kit.platform import MEMBER as MEMBER
from modules.users.email import key_of
from modules.users.errors import EmailTaken as EmailTaken
from modules.users.errors import UserNotFound as UserNotFound
from modules.users.fields import Age as Age
from modules.users.fields import Email as Email
from modules.users.fields import Locale as Locale
from modules.users.fields import Name as Name
from modules.users.queries import ACCOUNTS as ACCOUNTS  # the Listing of `People.page`

email_key = key_of
"""Returns the form in which an e-mail address is compared. Raises EmailNotValidError."""


class LastAdmin(Conflict):
    """No admin would be left to appoint another.

    Make another user an admin first.
    """

    speaks_for = "admin"
    code = "admin.last_admin"
    title = "The last active admin cannot be disabled, demoted or deleted."


class BeyondOwnRights(Forbidden):
    """You can neither grant a permission that you lack nor change a user who has one."""

    speaks_for = "admin"
    code = "admin.beyond_own_rights"
    title = "This requires a permission that you do not have."


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The fields of an account that sign-in needs."""

    id: UUID
    name: str
    email: str
    roles: tuple[str, ...]
    is_active: bool
    """Whether the account is neither disabled nor about to be deleted."""
    locale: str | None
    version: int


class Person(NamedTuple):
    """All that a body contains of a user: the columns of `EVERYONE`, and the permissions."""

    id: UUID
    version: int
    name: str
    email: str
    age: int | None
    locale: str | None
    roles: tuple[str, ...]
    email_verified_at: datetime | None
    pending_email: str | None
    created_at: datetime
    updated_at: datetime
    is_active: bool
    last_login_at: datetime | None
    deletes_at: datetime | None
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """The fields of a new account, already validated as `Name`, `Email` and `Age`."""

    name: str
    email: str
    age: int | None = None
    password: str


@dataclass(frozen=True, kw_only=True)
class UserRegistered(Event):
    name = "users.registered"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserDisabled(Event):
    name = "users.disabled"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserDeleted(Event):
    """A user was deleted; the modules erase their data about the user from now on."""

    name = "users.deleted"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserErased(Event):
    """No module holds data about the user any more."""

    name = "users.erased"

    user_id: UUID


@dataclass(frozen=True)
class AccountClosed(Contribution):
    """A contribution whose `run` joins the transaction that disables or deletes an account."""

    name: str
    run: Callable[[UUID], Awaitable[None]]


@dataclass(frozen=True)
class AccountUnlocked(Contribution):
    """A contribution that clears wrong attempts when an account is made, enabled or unlocked.

    `run` gets the e-mail address, and joins the transaction that does so.
    """

    name: str
    run: Callable[[str], Awaitable[None]]


@runtime_checkable
class Accounts(Protocol):
    """The port for sign-in; it joins the caller's transaction if one is open."""

    async def by_email(self, email: str) -> Account | None:
        """Return the account of an e-mail address in any spelling; None also for an invalid one."""
        ...

    async def by_id(self, user_id: UUID) -> Account | None: ...

    async def first_id(self) -> UUID | None:
        """Return the id of the oldest account, if there is one."""
        ...

    async def register(self, new: NewAccount, roles: Sequence[str] = (MEMBER,)) -> Person:
        """Raises EmailTaken, and InvalidInput for a password that is too weak."""
        ...

    async def password_changed(self, user_id: UUID) -> None:
        """Lock the account, and give it another version. Raises UserNotFound."""
        ...

    async def signed_in(self, user_id: UUID, at: datetime) -> None:
        """Store the time of the last sign-in."""
        ...


@runtime_checkable
class People(Protocol):
    """The port for administration; it joins the caller's transaction if one is open.

    Raises UserNotFound. An actor cannot change, disable or delete a user who has a permission that
    the actor lacks, and cannot grant such a permission (BeyondOwnRights). One active admin always
    remains (LastAdmin).
    """

    async def page(self, request: PageRequest) -> Rows[Person]:
        """Return a page of all users; the route declares `listing=ACCOUNTS`."""
        ...

    async def person(self, user_id: UUID) -> Person: ...

    async def changeable(self, actor: Principal, user_id: UUID) -> Person:
        """Return the user. Raises BeyondOwnRights if `actor` may not change this user."""
        ...

    async def create(self, actor: Principal, new: NewAccount, roles: Sequence[str]) -> Person: ...

    async def change(
        self,
        actor: Principal,
        user_id: UUID,
        changes: Mapping[str, Any],
        if_match: IfMatch = ANY_VERSION,
    ) -> Person:
        """Set any of name, email, age and locale. Raises EmailTaken and Stale."""
        ...

    async def set_active(self, actor: Principal, user_id: UUID, active: bool) -> Person: ...

    async def set_roles(
        self,
        actor: Principal,
        user_id: UUID,
        roles: Sequence[str],
        if_match: IfMatch = ANY_VERSION,
    ) -> Person:
        """Raises InvalidInput for a role that does not exist, and Stale."""
        ...

    async def delete(
        self, actor: Principal, user_id: UUID, if_match: IfMatch = ANY_VERSION
    ) -> None:
        """Hide the user at once; every module erases its data about the user afterwards."""
        ...
