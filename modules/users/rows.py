"""The conversion of rows to Person and Account values, and the update of one row."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from core.kit import IfMatch, Transaction, unique, update_or_raise
from core.kit.platform import ANY_VERSION, Roles
from modules.users.models import User
from modules.users.public import Account, EmailTaken, Person, UserNotFound
from modules.users.queries import ROW_BY_ID

columns_of = attrgetter(*Person._fields[:-1])


def person_of(row: Any, roles: Roles) -> Person:
    return Person._make((*columns_of(row), in_order(roles.permissions_of(row.roles))))


def people_of(rows: Iterable[Any], roles: Roles) -> list[Person]:
    """Return the values of rows of `EVERYONE`, whose columns are in the order of Person."""
    return [Person._make((*row, in_order(roles.permissions_of(row.roles)))) for row in rows]


@lru_cache(100)
def in_order(permissions: frozenset[str]) -> tuple[str, ...]:
    """Return the permissions sorted. The cache has an entry for each set of permissions."""
    return tuple(sorted(permissions))


def account_of(row: Any) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        email=row.email,
        roles=row.roles,
        is_active=row.is_active and row.deletes_at is None,
        password_hash=row.password_hash,
        locale=row.locale,
        version=row.version,
    )


async def update_row(
    tx: Transaction,
    user_id: UUID,
    changes: Mapping[str, Any],
    if_match: IfMatch = ANY_VERSION,
) -> Row[Any]:
    """Change and return the row. Raises UserNotFound, Stale and EmailTaken."""
    with unique(User.email_key, EmailTaken):
        return await update_or_raise(
            tx, ROW_BY_ID, {"user_id": user_id}, changes, if_match, UserNotFound
        )
