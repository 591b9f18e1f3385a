"""What a search index is in the database, and how a migration makes and removes it.

SQLite: a table with a number and the folded text of each row, and an FTS5 table of its trigrams,
both kept by triggers that call functions of ours. PostgreSQL: a GIN index of the folded text's
bigrams and trigrams, cut by functions of ours, because not every server has `pg_trgm`, and no
locale has our fold.
"""

# ruff: noqa: S608 (all names come from a module's own models)

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from core.kernel.folding import fold, folded_letters

UNIT = 4
"""Hexadecimal digits of a UTF-16 code unit."""

BLOCKS = (0x80, 0x370, 0x400, 0x530, 0x1E00, 0x1F00, 0x2000, 0x3000, 0xAC00, 0x10000, 0x1F000)
SCRIPTS = tuple(pairwise(BLOCKS))

GRAMS_FUNCTION = """
CREATE OR REPLACE FUNCTION search_grams(text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100000 AS $$
    SELECT array_agg(DISTINCT gram) FROM (
        SELECT one, lead(one, 1) OVER (ORDER BY at) AS two, lead(one, 2) OVER (ORDER BY at) AS three
        FROM unnest(string_to_array($1, NULL)) WITH ORDINALITY AS letters(one, at)
    ) AS windows
    CROSS JOIN LATERAL (VALUES (one || two), (one || two || three)) AS grams(gram)
    WHERE gram IS NOT NULL
$$"""


def create_search(op: Any, table: str, columns: Sequence[str]) -> None:
    """In a migration, after the table: index its rows and those that will come."""
    for statement in creation(op.get_bind().dialect.name, table, columns):
        op.get_bind().exec_driver_sql(statement)


def drop_search(op: Any, table: str) -> None:
    for statement in removal(op.get_bind().dialect.name, table):
        op.get_bind().exec_driver_sql(statement)


def create_functions(op: Any) -> None:
    """Create what PostgreSQL computes folds and indexes with; SQLite calls Python."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in functions():
            op.get_bind().exec_driver_sql(statement)


def creation(dialect: str, table: str, columns: Sequence[str]) -> list[str]:
    if dialect == "postgresql":
        text = f"search_fold({combined(dialect, columns)})"
        index = f"CREATE INDEX ix_{table}_search ON {table} USING gin (search_grams({text}))"
        return [*functions(), index]
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


def functions() -> list[str]:
    return [fold_function(), GRAMS_FUNCTION]


@cache
def fold_function() -> str:
    """Return `fold` in SQL: one script after the other, for `translate` compares with each letter.

    It is not STRICT, so that PostgreSQL can inline it.
    """
    folded = 'lower($1 COLLATE "C")'
    for start, end in SCRIPTS:
        letters = [(it, becomes) for it, becomes in folded_letters() if start <= ord(it) < end]
        before, after = map("".join, zip(*letters, strict=True))
        there = f"$1 ~ '[\\U{start:08x}-\\U{end - 1:08x}]'"
        folded = f"translate({folded}, CASE WHEN {there} THEN '{before}' ELSE '' END, '{after}')"
    return f"""
CREATE OR REPLACE FUNCTION search_fold(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length($1) = length($1) THEN lower($1 COLLATE "C") ELSE {folded} END
$$"""


def grams(text: str) -> str:
    """Return the trigrams of a folded text as words of hexadecimal digits, for FTS5 on SQLite.

    Two line breaks at the end begin no word of their own: so every part of the text, however short,
    begins a trigram.
    """
    digits = hexadecimal(f"{text}\n\n")
    starts = range(0, len(digits) - 2 * UNIT, UNIT)
    return " ".join({digits[start : start + 3 * UNIT] for start in starts})


def matching(text: str) -> str:
    """Return the FTS5 query for rows whose folded text may contain this one."""
    digits = hexadecimal(text)
    if len(digits) < 3 * UNIT:
        return f'"{digits}" *'
    starts = range(0, len(digits) - 2 * UNIT, UNIT)
    return " AND ".join(dict.fromkeys(f'"{digits[at : at + 3 * UNIT]}"' for at in starts))


def hexadecimal(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex()


def add_functions(connection: Any) -> None:
    """Give a connection to SQLite what triggers and searches call."""
    connection.create_function("search_fold", 1, fold_or_null, deterministic=True)
    connection.create_function("search_grams", 1, grams, deterministic=True)


def fold_or_null(text: str | None) -> str | None:
    return None if text is None else fold(text)


def sqlite_tables(table: str, columns: Sequence[str]) -> list[str]:
    text = combined("sqlite", [f"{table}.{column}" for column in columns])
    search, rows = f"{table}_search", f"{table}_search_rows"
    return [
        f"CREATE TABLE {rows}"
        " (number INTEGER PRIMARY KEY, id CHAR(32) NOT NULL UNIQUE, text TEXT NOT NULL)",
        f"CREATE VIRTUAL TABLE {search} USING"
        " fts5(grams, content='', tokenize='ascii', detail='none', columnsize=0)",
        f"INSERT INTO {rows} (id, text) SELECT id, search_fold({text}) FROM {table}",
        f"INSERT INTO {search} (rowid, grams) SELECT number, search_grams(text) FROM {rows}",
    ]


def sqlite_triggers(table: str, columns: Sequence[str]) -> list[str]:
    search, rows = f"{table}_search", f"{table}_search_rows"
    old, new = (
        combined("sqlite", [f"{row}.{column}" for column in columns]) for row in ("old", "new")
    )
    of_row = f"SELECT number, search_grams(text) FROM {rows} WHERE id = "
    add = f"INSERT INTO {search} (rowid, grams) {of_row} new.id;"
    forget = (
        f"INSERT INTO {search} ({search}, rowid, grams) SELECT 'delete', * FROM ({of_row} old.id);"
    )
    return [
        f"CREATE TRIGGER {search}_add AFTER INSERT ON {table} BEGIN"
        f" INSERT INTO {rows} (id, text) VALUES (new.id, search_fold({new})); {add} END",
        f"CREATE TRIGGER {search}_change AFTER UPDATE OF id, {', '.join(columns)} ON {table}"
        f" WHEN {old} IS NOT {new} OR old.id IS NOT new.id BEGIN {forget}"
        f" UPDATE {rows} SET id = new.id, text = search_fold({new}) WHERE id = old.id; {add} END",
        f"CREATE TRIGGER {search}_end AFTER DELETE ON {table} BEGIN {forget}"
        f" DELETE FROM {rows} WHERE id = old.id; END",
    ]
