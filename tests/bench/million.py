"""Creates a million posts by SQL, in two halves; a cursor between them is at row 500,000."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import asyncpg

HALF = 500_000
COLUMNS = "id, version, author_id, title, title_folded, content, created_at, updated_at"
AUTHOR = "(SELECT id FROM users ORDER BY id LIMIT 1)"

SQLITE = f"""
INSERT INTO posts ({COLUMNS})
WITH RECURSIVE numbers(n) AS (
    SELECT {{first}} UNION ALL SELECT n + 1 FROM numbers WHERE n < {{last}}
)
SELECT printf('%032x', n), 1, {AUTHOR}, 'Post ' || n, 'post ' || n, 'The words of post ' || n,
    strftime('%Y-%m-%d %H:%M:%S.000000', 1500000000 + n, 'unixepoch'),
    strftime('%Y-%m-%d %H:%M:%S.000000', 1500000000 + n, 'unixepoch')
FROM numbers
"""  # noqa: S608
POSTGRESQL = f"""
INSERT INTO posts ({COLUMNS})
SELECT lpad(to_hex(n), 32, '0')::uuid, 1, {AUTHOR}, 'Post ' || n, 'post ' || n,
    'The words of post ' || n,
    to_timestamp(1500000000 + n), to_timestamp(1500000000 + n)
FROM generate_series({{first}}, {{last}}) AS numbers(n)
"""  # noqa: S608

WITHOUT_SEARCH = {
    "sqlite": ["DROP TRIGGER posts_search_add"],
    "postgresql": ["DROP INDEX ix_posts_search", "DROP TRIGGER posts_search ON posts"],
}
"""The statements that turn off the search index: it would take minutes and is not used."""
INSERT = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def leave_out_search(url: str) -> None:
    execute(url, WITHOUT_SEARCH[backend_of(url)])


def add_half(url: str, which: int) -> None:
    """Add one half; the second half is newer than the first."""
    first = which * HALF + 1
    statement = INSERT[backend_of(url)].format(first=first, last=first + HALF - 1)
    execute(url, [statement, "ANALYZE"])


def backend_of(url: str) -> str:
    return url.partition(":")[0]


def execute(url: str, statements: Sequence[str]) -> None:
    if backend_of(url) == "sqlite":
        execute_on_sqlite(Path(url.removeprefix("sqlite:///")), statements)
    else:
        asyncio.run(execute_on_postgresql(url, statements))


def execute_on_sqlite(path: Path, statements: Sequence[str]) -> None:
    connection = sqlite3.connect(path, timeout=60)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


async def execute_on_postgresql(url: str, statements: Sequence[str]) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement, timeout=300)
    await connection.close()
