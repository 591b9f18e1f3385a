"""Passwords that were stored in the table of users move to the auth module, and back."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core.data.migrations import History, MigrationError, downgrade, upgrade
from core.data.migrations.connections import run
from core.kit import utc_now
from core.wiring.histories import histories

HISTORIES = {each.module: each for each in histories()}
AUTH, USERS = HISTORIES["auth"], HISTORIES["users"]
WITHOUT_AUTH: list[History] = [HISTORIES["core"], USERS]
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
def url(database_url: str) -> Iterator[str]:
    """A database of the previous release, which the tests that come later get upgraded."""
    downgrade(database_url, AUTH, BEFORE_AUTH)
    downgrade(database_url, USERS, BEFORE_USERS)
    yield database_url
    run(database_url, delete_all)
    upgrade(database_url, [*HISTORIES.values()])


@pytest.fixture
def hashes(url: str) -> Hashes:
    """Two users of the previous release who have a password, and one who has none."""
    hashes: Hashes = {uuid4(): "$argon2id$one", uuid4(): "$argon2id$other", uuid4(): None}

    def insert(connection: sa.Connection) -> None:
        connection.execute(sa.insert(TABLE), [*map(row, hashes.items())])
        connection.commit()

    run(url, insert)
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


def read(url: str, table: str, key: str, value: str) -> Hashes:
    """Return the column by user; empty if there is no such table or column."""

    def work(connection: sa.Connection) -> Hashes:
        inspected = sa.inspect(connection)
        if table not in inspected.get_table_names():
            return {}
        if value not in [each["name"] for each in inspected.get_columns(table)]:
            return {}
        chosen = sa.table(table, sa.column(key, sa.Uuid()), sa.column(value))
        return {one: hashed for one, hashed in connection.execute(sa.select(*chosen.c))}

    return run(url, work)


def in_users(url: str) -> Hashes:
    return read(url, "users", "id", "password_hash")


def in_auth(url: str) -> Hashes:
    return read(url, "auth_passwords", "user_id", "hash")


def waiting(url: str) -> Hashes:
    return read(url, "users_password_hashes", "user_id", "hash")


def with_password(hashes: Hashes) -> Hashes:
    return {user_id: hashed for user_id, hashed in hashes.items() if hashed}


def test_an_upgrade_moves_every_hash(url: str, hashes: Hashes) -> None:
    assert in_users(url) == hashes
    upgrade(url, [*HISTORIES.values()])
    assert (in_users(url), waiting(url)) == ({}, {})
    assert in_auth(url) == with_password(hashes)


def test_hashes_wait_while_the_auth_module_is_missing(url: str, hashes: Hashes) -> None:
    upgrade(url, WITHOUT_AUTH)
    assert (in_users(url), waiting(url)) == ({}, with_password(hashes))
    upgrade(url, [*HISTORIES.values()])
    assert (waiting(url), in_auth(url)) == ({}, with_password(hashes))


def test_a_roll_back_restores_the_column(url: str, hashes: Hashes) -> None:
    upgrade(url, [*HISTORIES.values()])
    with pytest.raises(MigrationError, match="run `atrium downgrade auth auth_orders` first"):
        downgrade(url, USERS, BEFORE_USERS)
    assert in_auth(url) == with_password(hashes)
    downgrade(url, AUTH, BEFORE_AUTH)
    assert (in_auth(url), waiting(url)) == ({}, with_password(hashes))
    downgrade(url, USERS, BEFORE_USERS)
    assert (in_users(url), waiting(url)) == (hashes, {})


def test_an_upgrade_that_fails_midway_loses_no_hash(
    url: str, hashes: Hashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy and the removal of the column are one transaction."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.drop_column", fail)
        with pytest.raises(OSError, match="disk is full"):
            upgrade(url, [*HISTORIES.values()])
    assert (in_users(url), waiting(url), in_auth(url)) == (hashes, {}, {})
    upgrade(url, [*HISTORIES.values()])
    assert in_auth(url) == with_password(hashes)
