"""What a search index is in the database, and how a migration makes and removes it.

SQLite: an FTS5 table without content of its own, fed by triggers, and a table that gives each row a
number that no VACUUM changes. PostgreSQL: a GIN index of the text's trigrams, cut by a function of
ours, for `pg_trgm` is not everywhere, and not everyone may install it.
"""

# ruff: noqa: S608 (all names come from a module's own models)

from collections.abc import Sequence
from typing import Any

TRIGRAM_FUNCTION = """
CREATE OR REPLACE FUNCTION search_trigrams(text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT one || two || three) FROM (
        SELECT one, lead(one, 1) OVER (ORDER BY at) AS two, lead(one, 2) OVER (ORDER BY at) AS three
        FROM unnest(string_to_array(lower($1), NULL)) WITH ORDINALITY AS letters(one, at)
    ) AS windows WHERE three IS NOT NULL
$$"""


def create_search(op: Any, table: str, columns: Sequence[str]) -> None:
    """In a migration, after the table: index what is there and what will come."""
    for statement in creation(op.get_bind().dialect.name, table, columns):
        op.get_bind().exec_driver_sql(statement)


def drop_search(op: Any, table: str) -> None:
    for statement in removal(op.get_bind().dialect.name, table):
        op.get_bind().exec_driver_sql(statement)


def creation(dialect: str, table: str, columns: Sequence[str]) -> list[str]:
    if dialect == "postgresql":
        every = combined(dialect, columns)
        index = f"CREATE INDEX ix_{table}_search ON {table} USING gin (search_trigrams({every}))"
        return [TRIGRAM_FUNCTION, index]
    return [*sqlite_tables(table, columns), *sqlite_triggers(table, columns)]


def removal(dialect: str, table: str) -> list[str]:
    if dialect == "postgresql":
        return [f"DROP INDEX IF EXISTS ix_{table}_search"]
    triggers = [
        f"DROP TRIGGER IF EXISTS {table}_search_{when}" for when in ("add", "change", "end")
    ]
    tables = [f"DROP TABLE IF EXISTS {table}_search{more}" for more in ("", "_rows")]
    return [*triggers, *tables]


def combined(dialect: str, columns: Sequence[str]) -> str:
    """All columns as one text, a line each."""
    line_break = "chr(10)" if dialect == "postgresql" else "char(10)"
    return f" || {line_break} || ".join(f"coalesce({column}, '')" for column in columns)


def sqlite_tables(table: str, columns: Sequence[str]) -> list[str]:
    text = combined("sqlite", [f"{table}.{column}" for column in columns])
    search, rows = f"{table}_search", f"{table}_search_rows"
    return [
        f"CREATE TABLE {rows} (number INTEGER PRIMARY KEY, id CHAR(32) NOT NULL UNIQUE)",
        f"CREATE VIRTUAL TABLE {search} USING"
        " fts5(text, content='', tokenize='trigram', detail='none', columnsize=0)",
        f"INSERT INTO {rows} (id) SELECT id FROM {table}",
        f"INSERT INTO {search} (rowid, text)"
        f" SELECT number, {text} FROM {table} JOIN {rows} ON {rows}.id = {table}.id",
    ]


def sqlite_triggers(table: str, columns: Sequence[str]) -> list[str]:
    search, rows = f"{table}_search", f"{table}_search_rows"
    old, new = (
        combined("sqlite", [f"{row}.{column}" for column in columns]) for row in ("old", "new")
    )
    number = f"(SELECT number FROM {rows} WHERE id = old.id)"
    forget = f"INSERT INTO {search} ({search}, rowid, text) VALUES ('delete', {number}, {old});"
    return [
        f"CREATE TRIGGER {search}_add AFTER INSERT ON {table} BEGIN"
        f" INSERT INTO {rows} (id) VALUES (new.id);"
        f" INSERT INTO {search} (rowid, text) VALUES (last_insert_rowid(), {new}); END",
        f"CREATE TRIGGER {search}_change AFTER UPDATE OF {', '.join(columns)} ON {table}"
        f" WHEN {old} IS NOT {new} BEGIN {forget}"
        f" INSERT INTO {search} (rowid, text) VALUES ({number}, {new}); END",
        f"CREATE TRIGGER {search}_end AFTER DELETE ON {table} BEGIN {forget}"
        f" DELETE FROM {rows} WHERE id = old.id; END",
    ]
