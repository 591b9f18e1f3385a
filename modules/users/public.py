"""The ports, values, events and contributions by which other modules use accounts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from core.kit import Contribution, Event
from modules.users.email import email_key as email_key


class Account(NamedTuple):
    """The fields of an account that sign-in needs."""

    id: UUID
    name: str
    email: str
    roles: tuple[str, ...]
    is_active: bool
    """Whether the account is neither disabled nor about to be deleted."""
    locale: str | None
    version: int


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
class AccountSignedOut(Contribution):
    """A contribution whose `run` ends every session of a user, when an admin asks for it."""

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

    async def password_changed(self, user_id: UUID) -> None:
        """Lock the account, and give it another version. Raises UserNotFound."""
        ...

    async def signed_in(self, user_id: UUID, at: datetime) -> None:
        """Store the time of the last sign-in."""
        ...
