"""The conversion of rows to `Profile` values, and the update of one row."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import cast
from uuid import UUID

from core.kit import Database, IfMatch, unique
from core.kit.platform import ANY_VERSION, Roles
from modules.users.errors import EmailTaken, UserNotFound
from modules.users.models import User
from modules.users.values import COLUMNS, Profile

Columns = tuple[object, ...]
columns_of = attrgetter(*COLUMNS)


def profile_of(row: User, roles: Roles) -> Profile:
    return Profile._make((*columns_of(row), in_order(roles.permissions_of(row.roles))))


def profiles_of(rows: Iterable[User], roles: Roles) -> list[Profile]:
    """Return the values of rows of `PROFILES`, whose columns are in the order of `Profile`."""
    return [
        Profile._make((*cast("Columns", row), in_order(roles.permissions_of(row.roles))))
        for row in rows
    ]


@lru_cache(100)
def in_order(permissions: frozenset[str]) -> tuple[str, ...]:
    """Return the permissions sorted. The cache has an entry for each set of permissions."""
    return tuple(sorted(permissions))


async def update_row(
    db: Database, user_id: UUID, changes: Mapping[str, object], if_match: IfMatch = ANY_VERSION
) -> User:
    """Change and return the row. Raises UserNotFound, Stale and EmailTaken."""
    with unique(User.email_key, EmailTaken):
        return await db.update_by_id(
            User, user_id, changes, missing=UserNotFound, if_match=if_match, erasing_since=None
        )
