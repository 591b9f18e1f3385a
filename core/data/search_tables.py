"""The database objects of a search index, with functions for migrations to create and drop them.

SQLite has a table with a number and the folded text of each row, an FTS5 table of the trigrams of
that text, and the list of its terms; triggers update them. PostgreSQL has a column with the folded
text, which a trigger updates, and a GIN index of its trigrams. The function `search_parts` returns
the trigrams, because not every server has `pg_trgm`. Both databases call `search_fold`, because no
locale folds in the same way.
"""

# ruff: noqa: S608 (all names come from a module's own models)

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import Column, Connection, Table

from core.kernel.folding import folded_letters

TEXT_COLUMN = "search_text"
"""The column of a searched table on PostgreSQL; no model has it."""

BLOCKS = (0x80, 0x370, 0x400, 0x530, 0x1E00, 0x1F00, 0x2000, 0x3000, 0xAC00, 0x10000, 0x1F000)
SCRIPTS = tuple(pairwise(BLOCKS))

SEARCHED: WeakKeyDictionary[Table, tuple[str, ...]] = WeakKeyDictionary()
"""The columns of the search index of each table of a model that has one."""

PARTS_FUNCTION = """
CREATE OR REPLACE FUNCTION search_parts(text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100000 AS $$
    SELECT array_to_tsvector(ARRAY(
        SELECT one || coalesce(two, '') || coalesce(three, '')
        FROM unnest(letters, letters[2:], letters[3:]) AS parts(one, two, three)
    ))
    FROM (SELECT string_to_array($1, NULL) AS letters) AS texts
$$"""
"""The last two parts are shorter, so that each substring of up to three characters begins one."""

END_OF_TEXT = "char(1114111, 1114111)"
"""Two characters that no text may contain; on SQLite they follow the text for the same reason."""

SEGMENTS = 8
"""The number of segments that FTS5 merges at once. It makes a write up to a fifth cheaper."""


class Operations(Protocol):
    """The functions of `alembic.op` that migrations pass on."""

    def get_bind(self) -> Connection: ...
    def add_column(self, table_name: str, column: Column[str]) -> None: ...


def create_search(op: Operations, table: str, columns: Sequence[str]) -> None:
    """Create the search index of a table in a migration, for existing and for later rows."""
    for statement in creation(op.get_bind().dialect.name, table, columns):
        op.get_bind().exec_driver_sql(statement)


def drop_search(op: Operations, table: str) -> None:
    for statement in removal(op.get_bind().dialect.name, table):
        op.get_bind().exec_driver_sql(statement)


def create_functions(op: Operations) -> None:
    """Create the functions of PostgreSQL for folding and indexing; SQLite calls Python."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in functions():
            op.get_bind().exec_driver_sql(statement)


def creation(dialect: str, table: str, columns: Sequence[str]) -> list[str]:
    if dialect == "postgresql":
        return [*functions(), *postgres_column(table, columns)]
    return [*sqlite_tables(table, columns), *sqlite_triggers(table, columns)]


def removal(dialect: str, table: str) -> list[str]:
    if dialect == "postgresql":
        return [
            f"DROP INDEX IF EXISTS ix_{table}_search",
            f"DROP TRIGGER IF EXISTS {table}_search ON {table}",
            f"DROP FUNCTION IF EXISTS {table}_search_text()",
            f"ALTER TABLE IF EXISTS {table} DROP COLUMN IF EXISTS {TEXT_COLUMN}",
        ]
    triggers = [
        f"DROP TRIGGER IF EXISTS {table}_search_{when}" for when in ("add", "change", "end")
    ]
    tables = [f"DROP TABLE IF EXISTS {table}_search{more}" for more in ("_terms", "", "_rows")]
    return [*triggers, *tables]


def combined(dialect: str, columns: Sequence[str]) -> str:
    """Return the SQL of all columns as one text, with a line for each column."""
    line_break = "chr(10)" if dialect == "postgresql" else "char(10)"
    return f" || {line_break} || ".join(f"coalesce({column}, '')" for column in columns)


def functions() -> list[str]:
    return [fold_function(), PARTS_FUNCTION]


@cache
def fold_function() -> str:
    """Return `fold` in SQL, script by script, because `translate` compares with each letter.

    The function is not STRICT, so that PostgreSQL can inline it.
    """
    folded = 'lower($1 COLLATE "C")'
    changes = [*folded_letters()]
    for start, end in SCRIPTS:
        letters = [(it, becomes) for it, becomes in changes if start <= ord(it) < end]
        before, after = map("".join, zip(*letters, strict=True))
        there = f"$1 ~ '[\\U{start:08x}-\\U{end - 1:08x}]'"
        folded = f"translate({folded}, CASE WHEN {there} THEN '{before}' ELSE '' END, '{after}')"
    return f"""
CREATE OR REPLACE FUNCTION search_fold(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length($1) = length($1) THEN lower($1 COLLATE "C") ELSE {folded} END
$$"""


def postgres_column(table: str, columns: Sequence[str]) -> list[str]:
    """Return the statements for the column with the folded text, its trigger and its index.

    The column is generated at first, which writes each row once. A trigger updates it later,
    because a generated column would prevent a change of the type of a searched column.
    """
    old, new = (
        combined("postgresql", [f"{row}.{column}" for column in columns]) for row in ("OLD", "NEW")
    )
    text = f"search_fold({combined('postgresql', columns)})"
    column = f'{TEXT_COLUMN} text COLLATE "C"'
    here = f"TG_RELID = '{table}'::regclass"  # always true: altering the table outdates the plans
    return [
        f"ALTER TABLE {table} ADD COLUMN {column} GENERATED ALWAYS AS ({text}) STORED",
        f"ALTER TABLE {table} ALTER COLUMN {TEXT_COLUMN} DROP EXPRESSION",
        f"CREATE OR REPLACE FUNCTION {table}_search_text() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF {here} AND (TG_OP = 'INSERT' OR {old} IS DISTINCT FROM {new}) THEN"
        f" NEW.{TEXT_COLUMN} := CASE WHEN {here} THEN search_fold({new}) END;"
        f" END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {table}_search BEFORE INSERT OR UPDATE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_search_text()",
        f"CREATE INDEX ix_{table}_search ON {table} USING gin (search_parts({TEXT_COLUMN}))",
    ]


def sqlite_tables(table: str, columns: Sequence[str]) -> list[str]:
    text = combined("sqlite", [f"{table}.{column}" for column in columns])
    search, rows = f"{table}_search", f"{table}_search_rows"
    return [
        f"CREATE TABLE {rows}"
        " (number INTEGER PRIMARY KEY, id CHAR(32) NOT NULL UNIQUE, text TEXT NOT NULL)",
        f"CREATE VIRTUAL TABLE {search} USING"
        " fts5(folded, content='', tokenize='trigram case_sensitive 1', columnsize=0)",
        f"INSERT INTO {search} ({search}, rank) VALUES ('automerge', {SEGMENTS})",
        f"CREATE VIRTUAL TABLE {search}_terms USING fts5vocab({search}, 'row')",
        f"INSERT INTO {rows} (id, text) SELECT id, search_fold({text}) FROM {table}",
        f"INSERT INTO {search} (rowid, folded) SELECT number, text || {END_OF_TEXT} FROM {rows}",
        f"INSERT INTO {search} ({search}) VALUES ('optimize')",
    ]


def sqlite_triggers(table: str, columns: Sequence[str]) -> list[str]:
    search, rows = f"{table}_search", f"{table}_search_rows"
    old, new = (
        combined("sqlite", [f"{row}.{column}" for column in columns]) for row in ("old", "new")
    )
    text = f"number, text || {END_OF_TEXT} FROM {rows} WHERE"
    forget = f"INSERT INTO {search} ({search}, rowid, folded) SELECT 'delete', {text} id = old.id;"
    add = f"INSERT INTO {search} (rowid, folded) SELECT {text}"
    return [
        f"CREATE TRIGGER {search}_add AFTER INSERT ON {table} BEGIN"
        f" INSERT INTO {rows} (id, text) VALUES (new.id, search_fold({new}));"
        f" {add} number = last_insert_rowid(); END",
        f"CREATE TRIGGER {search}_change AFTER UPDATE OF id, {', '.join(columns)} ON {table}"
        f" WHEN {old} IS NOT {new} OR old.id IS NOT new.id BEGIN {forget}"
        f" UPDATE {rows} SET id = new.id, text = search_fold({new}) WHERE id = old.id;"
        f" {add} id = new.id; END",
        f"CREATE TRIGGER {search}_end AFTER DELETE ON {table} BEGIN {forget}"
        f" DELETE FROM {rows} WHERE id = old.id; END",
    ]
