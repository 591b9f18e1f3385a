"""The values that the services of users return and take."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Profile(NamedTuple):
    """All that a body contains of a user: the columns of `PROFILES`, and the permissions."""

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


COLUMNS = Profile._fields[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """The fields of a new account, already validated as `Name`, `Email` and `Age`."""

    name: str
    email: str
    age: int | None = None
    password: str
