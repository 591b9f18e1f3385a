"""The cost of a search without an index: LIKE and a count over every row, by the driver alone."""

import asyncio
import sqlite3
from collections.abc import Callable
from time import perf_counter

import asyncpg

USERS, POSTS = ("users", "name", "email"), ("posts", "title", "content")
"""A table and its searched columns."""
WHERE = "FROM {table} WHERE {one} {like} '%{term}%' OR {other} {like} '%{term}%'"
PAGE = f"SELECT * {WHERE} ORDER BY created_at DESC, id DESC LIMIT 20"
COUNT = f"SELECT count(*) {WHERE}"


def searches_per_second(
    url: str, term: str, seconds: float, searched: tuple[str, str, str] = USERS
) -> float:
    """Return the rate of pages with their totals; an upper bound, without other work."""
    if url.startswith("sqlite"):
        queries = statements("LIKE", term, *searched)
        return on_sqlite(url.removeprefix("sqlite:///"), queries, seconds)
    return asyncio.run(on_postgresql(url, statements("ILIKE", term, *searched), seconds))


def statements(like: str, term: str, table: str, one: str, other: str) -> list[str]:
    words = {"like": like, "term": term, "table": table, "one": one, "other": other}
    return [each.format(**words) for each in (PAGE, COUNT)]


def on_sqlite(path: str, queries: list[str], seconds: float) -> float:
    connection = sqlite3.connect(path)

    def search() -> None:
        for query in queries:
            connection.execute(query).fetchall()

    try:
        return rate(search, seconds)
    finally:
        connection.close()


def rate(search: Callable[[], None], seconds: float) -> float:
    begun, done = perf_counter(), 0
    while perf_counter() - begun < seconds:
        search()
        done += 1
    return done / (perf_counter() - begun)


async def on_postgresql(url: str, queries: list[str], seconds: float) -> float:
    connection = await asyncpg.connect(url)
    begun, done = perf_counter(), 0
    while perf_counter() - begun < seconds:
        for query in queries:
            await connection.fetch(query)
        done += 1
    await connection.close()
    return done / (perf_counter() - begun)
