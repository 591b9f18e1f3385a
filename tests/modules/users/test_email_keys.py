"""Keys of e-mail addresses that were stored before the current rules of comparison."""

from collections.abc import Iterator
from typing import Any
from unicodedata import normalize
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core.kit import utc_now
from core.testing import MigrationError, Migrations
from modules.users.email import email_key, parse

TABLE = sa.table(
    "users",
    sa.column("id", sa.Uuid()),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("updated_at", sa.DateTime(timezone=True)),
    *map(sa.column, ("version", "name", "email", "email_key", "roles", "is_active")),
)
BEFORE = "users_first"
ADDRESSES = [
    "plain@example.com",
    "Stra\u00dfe@example.com",
    "a@stra\u00dfe.de",
    "b@xn--strae-oqa.de",
    "\uac00\ub098@example.com",
    "\u0130@example.com",
    "\u03bf\u03b4\u03bf\u03c2@example.com",
]


def old_key(address: str) -> str:
    return normalize("NFC", parse(address).normalized.casefold())


@pytest.fixture
def users_tables(database_url: str) -> Iterator[Migrations]:
    """Yield a database without the newer revisions, and apply them for the later tests."""
    migrations = Migrations(database_url)
    migrations.downgrade("users", BEFORE)
    yield migrations
    migrations.run(delete_all)
    migrations.upgrade()


def delete_all(connection: sa.Connection) -> None:
    connection.execute(sa.delete(TABLE))
    connection.commit()


def add(tables: Migrations, *addresses: str) -> dict[str, UUID]:
    ids = {each: uuid4() for each in addresses}

    def insert(connection: sa.Connection) -> None:
        for address, user_id in ids.items():
            connection.execute(sa.insert(TABLE).values(row(user_id, address)))
        connection.commit()

    tables.run(insert)
    return ids


def row(user_id: UUID, address: str) -> dict[str, Any]:
    return {
        "id": user_id,
        "version": 1,
        "name": "Some Name",
        "email": address,
        "email_key": old_key(address),
        "roles": ",member,",
        "is_active": True,
        "created_at": utc_now(),
        "updated_at": utc_now(),
    }


def stored(tables: Migrations) -> dict[str, str]:
    def select(connection: sa.Connection) -> dict[str, str]:
        rows = connection.execute(sa.select(TABLE.c.email, TABLE.c.email_key))
        return {email: key for email, key in rows}

    return tables.run(select)


def test_they_are_computed_again_and_back(users_tables: Migrations) -> None:
    add(users_tables, *ADDRESSES)
    users_tables.upgrade()
    assert stored(users_tables) == {each: email_key(each) for each in ADDRESSES}
    users_tables.downgrade("users", BEFORE)
    assert stored(users_tables) == {each: old_key(each) for each in ADDRESSES}


def test_two_users_with_one_address_are_named_and_both_stay(
    users_tables: Migrations,
) -> None:
    ids = add(users_tables, "\u0130@example.com", "i@example.com", "\u00df@example.com")
    before = stored(users_tables)
    with pytest.raises(MigrationError) as refused:
        users_tables.upgrade()
    for address in ("\u0130@example.com", "i@example.com"):
        assert str(ids[address]) in str(refused.value)
    assert stored(users_tables) == before
