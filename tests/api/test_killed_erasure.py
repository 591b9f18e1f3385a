"""kill -9 during an erasure: the next process completes it, and no data of the user is left."""

# ruff: noqa: S608 (every statement is made of names of this file)

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.engine.sql.sqlite.driver import open_connection
from core.testing.databases import BACKENDS, postgres_database, postgres_server
from tests.api.serving import ADMIN_PASSWORD, client_at, eventually, serving, sign_in

pytestmark = pytest.mark.process

CANARY = "zzcanary"
EMAIL = f"{CANARY}@example.com"
POSTS = 500
NOW = "2026-01-01 00:00:00.000000"
COLUMNS = "id, author_id, title, title_folded, content, version, created_at, updated_at"
INSERT = {
    "sqlite": f"""WITH RECURSIVE numbers(n) AS
        (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {{count}})
        INSERT INTO posts ({COLUMNS}) SELECT lower(hex(randomblob(16))), '{{author}}', {{text}}
        FROM numbers""",
    "postgresql": f"""INSERT INTO posts ({COLUMNS})
        SELECT gen_random_uuid(), '{{author}}', {{text}} FROM generate_series(1, {{count}}) AS n""",
}
TEXT = f"'{CANARY} title', '{CANARY} title', '{CANARY} ' || n, 1, '{NOW}', '{NOW}'"
TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}
SLOW = {
    "sqlite": [
        """CREATE VIEW slow AS WITH RECURSIVE numbers(n) AS (SELECT 1
        UNION ALL SELECT n + 1 FROM numbers WHERE n < 30000) SELECT max(n) FROM numbers""",
        "CREATE TRIGGER slow BEFORE DELETE ON posts BEGIN SELECT * FROM slow; END",
    ],
    "postgresql": [
        """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_sleep(0.005); RETURN OLD; END'""",
        "CREATE TRIGGER slow BEFORE DELETE ON posts FOR EACH ROW EXECUTE FUNCTION slow()",
    ],
}
"""The delay of each post, so that no machine erases all posts before the kill."""
QUICK = {
    "sqlite": ["DROP TRIGGER slow", "DROP VIEW slow"],
    "postgresql": ["DROP FUNCTION slow CASCADE"],
}
DELIVERIES = "core_deliveries WHERE listener <> 'users.forget_addresses'"
"""The deliveries of an erasure, except the one that is due an hour later."""
LEASES_END = f"UPDATE core_deliveries SET due_at = '{NOW}' WHERE due_at IS NOT NULL"


@dataclass(frozen=True)
class Stored:
    """The database beside the server, accessed by SQL."""

    backend: str
    url: str
    folder: Path

    @property
    def settings(self) -> dict[str, str]:
        own = {"DATABASE_URL": self.url} if self.url else {}
        return {"USERS_DELETION_GRACE_DAYS": "0"} | own

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        if self.backend == "postgresql":
            return asyncio.run(self._ask_postgres(sql))
        with closing(open_connection(str(self.folder / "var/atrium.db"))) as connection:
            return connection.execute(sql).fetchall()

    async def _ask_postgres(self, sql: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    def execute_all(self, statements: dict[str, list[str]]) -> None:
        for each in statements[self.backend]:
            self.execute(each)

    def count(self, what: str) -> int:
        return int(self.execute(f"SELECT count(*) FROM {what}")[0][0])

    def places(self) -> Iterator[str]:
        """Yield each table and file in which the canary still stands."""
        for (table,) in self.execute(TABLES[self.backend]):
            if any(CANARY in str(row) for row in self.execute(f"SELECT * FROM {table}")):
                yield table
        for path in (self.folder / "var").rglob("*"):
            if path.is_file() and CANARY.encode() in path.name.encode() + path.read_bytes():
                yield str(path)


@pytest.fixture
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stored]:
    if request.param == "sqlite":
        yield Stored("sqlite", "", tmp_path)
        return
    with postgres_database(postgres_server()) as url:
        yield Stored("postgresql", url, tmp_path)


def leave_marks(address: str, stored: Stored) -> str:
    """Return the id of a user who has a file, an API key and many posts."""
    new = {"name": f"{CANARY} name", "email": EMAIL, "password": ADMIN_PASSWORD}
    with client_at(address) as client:
        user_id = str(client.post("/auth/register", json=new).json()["id"])
    with client_at(address, sign_in(address, EMAIL)) as client:
        file = {"file": (f"{CANARY}.txt", f"{CANARY} content".encode())}
        key = {"name": f"{CANARY} key", "scopes": ["files:read"], "expires_in_days": 1}
        kept = {"idempotency-key": f"{CANARY}-1"}
        assert client.post("/files/upload", files=file, headers=kept).status_code == 201
        assert client.post("/auth/api-keys", json=key).status_code == 201
    author = user_id.replace("-", "") if stored.backend == "sqlite" else user_id
    stored.execute(INSERT[stored.backend].format(author=author, text=TEXT, count=POSTS))
    return user_id


@pytest.mark.needs("posts")
@pytest.mark.parametrize("stored", BACKENDS, indirect=True)
def test_an_erasure_that_is_killed_ends_by_itself(stored: Stored) -> None:
    with serving(stored.folder, **stored.settings) as served:
        user_id = leave_marks(address := served.address(), stored)
        assert stored.count("posts") == POSTS
        stored.execute_all(SLOW)
        with client_at(address, sign_in(address, EMAIL)) as client:
            gone = client.post("/users/me/deletion", json={"password": ADMIN_PASSWORD})
            assert gone.status_code == 202, gone.text
        eventually(lambda: stored.count("posts") < POSTS)
        served.process.kill()
        served.process.wait()
    assert 0 < stored.count("posts") < POSTS
    stored.execute_all(QUICK)
    stored.execute(LEASES_END)  # as if a minute had passed
    with serving(stored.folder, **stored.settings) as served:
        served.address()
        eventually(lambda: stored.count("users") == 1)
        eventually(lambda: stored.count(DELIVERIES) == 0)
        assert served.stop() == 0
    assert stored.count("posts") == 0
    own = f"WHERE actor_id IN ('{user_id}', '{user_id.replace('-', '')}')"
    assert stored.execute(f"SELECT DISTINCT address FROM core_audit {own}") == [("",)]
    assert [*stored.places()] == []
