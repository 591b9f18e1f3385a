"""Passwords that were stored in the table of users move to the auth module, and back."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core.kit import utc_now
from core.testing import MigrationError, Migrations

BEFORE_AUTH, BEFORE_USERS = "auth_orders", "users_phrases"
TABLE = sa.table(
    "users",
    sa.column("id", sa.Uuid()),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("updated_at", sa.DateTime(timezone=True)),
    *map(sa.column, ("version", "name", "email", "email_key", "roles", "is_active")),
    sa.column("password_hash"),
)
Hashes = dict[UUID, str | None]


@pytest.fixture
def migrations(database_url: str) -> Iterator[Migrations]:
    """Yield a database of the previous release, and upgrade it for the later tests."""
    migrations = Migrations(database_url)
    migrations.downgrade("auth", BEFORE_AUTH)
    migrations.downgrade("users", BEFORE_USERS)
    yield migrations
    migrations.run(delete_all)
    migrations.upgrade()


@pytest.fixture
def hashes(migrations: Migrations) -> Hashes:
    """Add three users of the previous release, and return their hashes; one has none."""
    hashes: Hashes = {uuid4(): "$argon2id$one", uuid4(): "$argon2id$other", uuid4(): None}

    def insert(connection: sa.Connection) -> None:
        connection.execute(sa.insert(TABLE), [*map(row, hashes.items())])
        connection.commit()

    migrations.run(insert)
    return hashes


def row(user: tuple[UUID, str | None]) -> dict[str, Any]:
    user_id, password_hash = user
    email = f"{user_id}@example.com"
    return {
        "id": user_id,
        "version": 1,
        "name": "Some Name",
        "email": email,
        "email_key": email,
        "roles": ",member,",
        "is_active": True,
        "created_at": utc_now(),
        "updated_at": utc_now(),
        "password_hash": password_hash,
    }


def delete_all(connection: sa.Connection) -> None:
    for table in ("auth_passwords", "users_password_hashes", "users"):
        if table in sa.inspect(connection).get_table_names():
            connection.execute(sa.delete(sa.table(table)))
    connection.commit()


def read(migrations: Migrations, table: str, key: str, value: str) -> Hashes:
    """Return the column by user; empty if there is no such table or column."""

    def work(connection: sa.Connection) -> Hashes:
        inspected = sa.inspect(connection)
        if table not in inspected.get_table_names():
            return {}
        if value not in [each["name"] for each in inspected.get_columns(table)]:
            return {}
        chosen = sa.table(table, sa.column(key, sa.Uuid()), sa.column(value))
        return {one: hashed for one, hashed in connection.execute(sa.select(*chosen.c))}

    return migrations.run(work)


def in_users(migrations: Migrations) -> Hashes:
    return read(migrations, "users", "id", "password_hash")


def in_auth(migrations: Migrations) -> Hashes:
    return read(migrations, "auth_passwords", "user_id", "hash")


def waiting(migrations: Migrations) -> Hashes:
    return read(migrations, "users_password_hashes", "user_id", "hash")


def with_password(hashes: Hashes) -> Hashes:
    return {user_id: hashed for user_id, hashed in hashes.items() if hashed}


def test_an_upgrade_moves_every_hash(migrations: Migrations, hashes: Hashes) -> None:
    assert in_users(migrations) == hashes
    migrations.upgrade()
    assert (in_users(migrations), waiting(migrations)) == ({}, {})
    assert in_auth(migrations) == with_password(hashes)


def test_hashes_wait_while_the_auth_module_is_missing(
    migrations: Migrations, hashes: Hashes
) -> None:
    migrations.upgrade("core", "users")
    assert (in_users(migrations), waiting(migrations)) == ({}, with_password(hashes))
    migrations.upgrade()
    assert (waiting(migrations), in_auth(migrations)) == ({}, with_password(hashes))


def test_a_roll_back_restores_the_column(migrations: Migrations, hashes: Hashes) -> None:
    migrations.upgrade()
    with pytest.raises(MigrationError, match="run `atrium downgrade auth auth_orders` first"):
        migrations.downgrade("users", BEFORE_USERS)
    assert in_auth(migrations) == with_password(hashes)
    migrations.downgrade("auth", BEFORE_AUTH)
    assert (in_auth(migrations), waiting(migrations)) == ({}, with_password(hashes))
    migrations.downgrade("users", BEFORE_USERS)
    assert (in_users(migrations), waiting(migrations)) == (hashes, {})


def test_an_upgrade_that_fails_midway_loses_no_hash(
    migrations: Migrations, hashes: Hashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy and the removal of the column are one transaction."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.drop_column", fail)
        with pytest.raises(OSError, match="disk is full"):
            migrations.upgrade()
    assert (in_users(migrations), waiting(migrations), in_auth(migrations)) == (hashes, {}, {})
    migrations.upgrade()
    assert in_auth(migrations) == with_password(hashes)
