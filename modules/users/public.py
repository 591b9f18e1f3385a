"""What other modules may know of people: the accounts behind signing in and administration."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from core.kernel.contributions import Contribution
from core.kernel.errors import Conflict, Forbidden
from core.kernel.events import Event
from core.kernel.pages import PageRequest, Rows
from core.kernel.preconditions import ANY_VERSION, IfMatch
from core.kernel.principal import Principal
from core.security.roles import ADMIN as ADMIN
from core.security.roles import MEMBER as MEMBER
from modules.users.email import key_of
from modules.users.errors import EmailTaken as EmailTaken
from modules.users.errors import UserNotFound as UserNotFound
from modules.users.fields import Age as Age
from modules.users.fields import Email as Email
from modules.users.fields import Locale as Locale
from modules.users.fields import Name as Name
from modules.users.queries import ACCOUNTS as ACCOUNTS  # how `People.page` is listed

email_key = key_of
"""How an address is compared; raises EmailNotValidError for what is none."""


class LastAdmin(Conflict):
    """Nobody would be left to appoint another.

    Make somebody else an admin first.
    """

    speaks_for = "admin"
    code = "admin.last_admin"
    title = "The last active admin cannot be disabled, demoted or deleted."


class BeyondOwnRights(Forbidden):
    """Nobody grants a permission that they lack, nor changes a person who has one."""

    speaks_for = "admin"
    code = "admin.beyond_own_rights"
    title = "This takes a permission that you do not have yourself."


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What signing in needs to know of a person."""

    id: UUID
    name: str
    email: str
    roles: tuple[str, ...]
    is_active: bool
    """May sign in: neither disabled nor on the way out."""
    password_hash: str | None
    locale: str | None
    version: int


class Person(NamedTuple):
    """Everything a body may say: the columns of `EVERYONE`, and what follows from them."""

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
    """Of someone new; name, e-mail and age as the fields of this file tidy them."""

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
    """The person cannot be seen any more; what modules hold is erased from now on."""

    name = "users.deleted"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserErased(Event):
    """Nothing is held about the person any more."""

    name = "users.erased"

    user_id: UUID


@dataclass(frozen=True)
class AccountClosed(Contribution):
    """What ends with an account: `run` is a part of the transaction that disables or deletes it."""

    name: str
    run: Callable[[UUID], Awaitable[None]]


@dataclass(frozen=True)
class AccountUnlocked(Contribution):
    """What is forgotten when an account is opened again, or gets a password: wrong attempts.

    `run` gets the e-mail address, and is a part of the transaction that opens the account.
    """

    name: str
    run: Callable[[str], Awaitable[None]]


@runtime_checkable
class Accounts(Protocol):
    """What signing in needs, a part of the caller's transaction if one is open."""

    async def by_email(self, email: str) -> Account | None:
        """However the address is written; None also for what is no address."""
        ...

    async def by_id(self, user_id: UUID) -> Account | None: ...

    async def first_id(self) -> UUID | None:
        """Of whoever has been here longest, if anybody is."""
        ...

    async def register(self, new: NewAccount, roles: Sequence[str] = (MEMBER,)) -> Person:
        """Raises EmailTaken, and InvalidInput for a password that is too weak."""
        ...

    async def set_password_hash(self, user_id: UUID, password_hash: str) -> None: ...

    async def signed_in(self, user_id: UUID, at: datetime) -> None:
        """Remember when they last did."""
        ...


@runtime_checkable
class People(Protocol):
    """Administration, a part of the caller's transaction if one is open. Raises UserNotFound.

    Nobody changes, disables or deletes a person who holds a permission that `actor` lacks, nor
    grants such a one (BeyondOwnRights); and one active admin always remains (LastAdmin).
    """

    async def page(self, request: PageRequest) -> Rows[Person]:
        """Of everyone; `listing=ACCOUNTS` on the route."""
        ...

    async def person(self, user_id: UUID) -> Person: ...

    async def changeable(self, actor: Principal, user_id: UUID) -> Person:
        """The person, if `actor` may act on them."""
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
        """Raises InvalidInput for a role that there is not."""
        ...

    async def delete(
        self, actor: Principal, user_id: UUID, if_match: IfMatch = ANY_VERSION
    ) -> None:
        """Take the person out of sight at once; every module erases what it holds afterwards."""
        ...
