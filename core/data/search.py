"""Search for plain text anywhere in some columns; the text and the columns are folded first.

With a `SearchIndex` a rare text is looked up in the index. For a common text the rows are compared
in the order of the list, because a match comes soon. `Listing` chooses by a sample of the table.
`%`, `_` and quotes are plain text.
"""

# ruff: noqa: S608 (all names come from a module's own models)

from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    String,
    Table,
    bindparam,
    event,
    func,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

from core.data.folded import folds_of
from core.data.search_tables import SEARCHED, TEXT_COLUMN, combined, creation, removal
from core.engine.sql import Count
from core.kernel.folding import fold

Columns = Sequence[InstrumentedAttribute[object]]

PART = 3
"""The length of the parts in the index, which alone finds a text of up to this length."""

SAMPLE = 400
"""The number of texts in the sample, which are the newest of the table."""
SAMPLE_LENGTH = 1000
COMMON = 3
"""A searched text is common if at least this many texts of the sample contain it, or else rare."""


class Way(Enum):
    """The way in which the rows that contain a text are found."""

    look_up = "by the index, then sorted"
    walk = "along the order of the list, each row compared"
    walk_and_scan = "the same, and counted without the index, which would name half of the rows"


class SearchIndex:
    """A search index of a model, in which rare texts are looked up.

    Declare it beside the model. `create_search(op, "notes", ["text"])` of `core.data.search_tables`
    creates it in a migration.

    ```python
    class Article(Versioned, Base):
        __tablename__ = "notes_articles"

        body: Mapped[str] = mapped_column(String(2_000))

    ARTICLES = Listing(sort=(Article.id,), search=SearchIndex(Article, (Article.body,)))
    ```
    """

    def __init__(self, model: type[DeclarativeBase], columns: Columns) -> None:
        table = model.__table__
        assert isinstance(table, Table)  # noqa: S101 (a mapped class has one)
        self.names = [column.key for column in columns]
        self.key = table.c.id
        SEARCHED[table] = tuple(self.names)
        copies = {source: table.c[name] for name, source in folds_of(table).items()}
        kept = all(name in copies for name in self.names)
        self.text = searched_text(self.key, *(copies[name] for name in self.names if kept))
        self.sample = (
            select(func.substr(self.text, 1, SAMPLE_LENGTH)).order_by(self.key.desc()).limit(SAMPLE)
        )
        event.listen(table, "after_create", self._create)
        event.listen(table, "after_drop", self._drop)

    def _create(self, table: Table, connection: Connection, **_: object) -> None:
        for statement in creation(connection.dialect.name, table.name, self.names):
            connection.exec_driver_sql(statement)

    def _drop(self, table: Table, connection: Connection, **_: object) -> None:
        for statement in removal(connection.dialect.name, table.name):
            connection.exec_driver_sql(statement)


def search_values(text: str) -> Mapping[str, str | None]:
    folded = fold(text)
    return {
        "search_text": folded,
        "search_phrase": phrase(folded) if len(folded) >= PART else None,
        "search_parts": parts(folded),
    }


def phrase(text: str) -> str:
    """Return the FTS5 query for a text."""
    return '"' + text.replace('"', '""') + '"'


def parts(text: str) -> str:
    """Return the `tsquery` of PostgreSQL for texts that contain all parts of this one."""
    if len(text) < PART:
        return f"{lexeme(text)}:*"
    starts = range(len(text) - PART + 1)
    return " & ".join(dict.fromkeys(lexeme(text[at : at + PART]) for at in starts))


def lexeme(part: str) -> str:
    return "'" + part.replace("\\", "\\\\").replace("'", "''") + "'"


def way_to(text: str, sample: Sequence[str | None]) -> Way:
    """Return the way to search a text, by how many texts of the sample contain it."""
    half = max(COMMON + 1, len(sample) // 2)
    matches = sum(1 for _ in islice((it for it in sample if it and text in it), half))
    if matches < COMMON:
        return Way.look_up
    return Way.walk if matches < half else Way.walk_and_scan


def found_in(index: SearchIndex | Columns, way: Way) -> ColumnElement[bool]:
    """Return the condition for rows that contain the text; its bind values are `search_values`."""
    if not isinstance(index, SearchIndex):
        return or_(*(contains(func.search_fold(column), TEXT) for column in index))
    if way is Way.look_up:
        return looked_up(index.key, TEXT, PHRASE, PARTS)
    return contains(index.text, TEXT)


def all_matches(index: SearchIndex, way: Way) -> Count:
    """Return the count of all rows of the table that contain the text."""
    matches = Scanned(index) if way is Way.walk_and_scan else Indexed(index)
    return Count.of(select(matches), index.key.table.name)


TEXT: ColumnElement[str] = bindparam("search_text", type_=String())
PHRASE: ColumnElement[str] = bindparam("search_phrase", type_=String())
PARTS: ColumnElement[str] = bindparam("search_parts", type_=String())


# On SQLite, SQLAlchemy would add `= 1` to a Boolean condition.
UNTYPED = cast("TypeEngine[bool]", NullType())


class searched_text(FunctionElement[str]):
    """The folded text of the row with this key, from the folded copies if all columns have one."""

    inherit_cache = True
    type = String()


class contains(FunctionElement[bool]):
    inherit_cache = True
    type = UNTYPED


class looked_up(FunctionElement[bool]):
    inherit_cache = True
    type = UNTYPED


class Matches(FunctionElement[int]):
    """A count over the whole table, with a FROM of its own and without columns of a query."""

    inherit_cache = False
    type = Integer()

    def __init__(self, index: SearchIndex) -> None:
        super().__init__(TEXT, PHRASE, PARTS)
        self.table = index.key.table.name


class Indexed(Matches):
    inherit_cache = False


class Scanned(Matches):
    inherit_cache = False


@compiles(searched_text, "sqlite")
def searched_text_on_sqlite(
    element: searched_text, compiler: SQLCompiler, **options: object
) -> str:
    key, *copies = element.clauses
    rows = f"{key.table.name}_search_rows"
    if copies:
        return f"({combined('sqlite', [compiler.process(it, **options) for it in copies])})"
    return f"(SELECT text FROM {rows} WHERE {rows}.id = {compiler.process(key, **options)})"


@compiles(searched_text, "postgresql")
def searched_text_on_postgresql(
    element: searched_text, compiler: SQLCompiler, **options: object
) -> str:
    key, *_ = element.clauses
    return text_beside(compiler.process(key, **options))


@compiles(contains)
def position_in_text(element: contains, compiler: SQLCompiler, **options: object) -> str:
    whole, text = (compiler.process(clause, **options) for clause in element.clauses)
    position = "strpos" if compiler.dialect.name == "postgresql" else "instr"
    return f"{position}({whole}, {text}) > 0"


@compiles(looked_up, "sqlite")
def looked_up_on_sqlite(element: looked_up, compiler: SQLCompiler, **options: object) -> str:
    """Return the condition; CROSS JOIN makes SQLite read the index first, then the ids."""
    key, *values, _ = element.clauses
    row, text, phrase = (compiler.process(clause, **options) for clause in (key, *values))
    index, rows = f"{key.table.name}_search", f"{key.table.name}_search_rows"
    joined = f"{index} CROSS JOIN {rows} ON {rows}.number = {index}.rowid"
    return f"{row} IN (SELECT {rows}.id FROM {joined} WHERE {match(index, text, phrase)})"


@compiles(looked_up, "postgresql")
def looked_up_on_postgresql(element: looked_up, compiler: SQLCompiler, **options: object) -> str:
    key, value, _, parts_of_value = element.clauses
    used = (key, value, parts_of_value)
    row, text, parts = (compiler.process(clause, **options) for clause in used)
    whole = text_beside(row)
    return f"({has_parts(whole, parts)} AND strpos({whole}, {text}) > 0)"


@compiles(Indexed, "sqlite")
def indexed_on_sqlite(element: Indexed, compiler: SQLCompiler, **options: object) -> str:
    text, phrase = (compiler.process(clause, **options) for clause in (TEXT, PHRASE))
    return f"(SELECT count(*) {matches_on_sqlite(element.table, text, phrase)})"


@compiles(Indexed, "postgresql")
def indexed_on_postgresql(element: Indexed, compiler: SQLCompiler, **options: object) -> str:
    text, parts = (compiler.process(clause, **options) for clause in (TEXT, PARTS))
    has = f"(length({text}) <= {PART} OR strpos({TEXT_COLUMN}, {text}) > 0)"
    may = has_parts(TEXT_COLUMN, parts)
    return f"(SELECT count(*) FROM {element.table} WHERE {may} AND {has})"


@compiles(Scanned, "sqlite")
def scanned_on_sqlite(element: Scanned, compiler: SQLCompiler, **options: object) -> str:
    """Return a count that uses FTS5 for each phrase, because it costs less than a scan."""
    text, phrase = (compiler.process(clause, **options) for clause in (TEXT, PHRASE))
    scan = f"SELECT count(*) FROM {element.table}_search_rows WHERE instr(text, {text}) > 0"
    by_index = f"SELECT count(*) {matches_on_sqlite(element.table, text, phrase)}"
    return f"(CASE WHEN {phrase} IS NULL THEN ({scan}) ELSE ({by_index}) END)"


@compiles(Scanned, "postgresql")
def scanned_on_postgresql(element: Scanned, compiler: SQLCompiler, **options: object) -> str:
    text = compiler.process(TEXT, **options)
    return f"(SELECT count(*) FROM {element.table} WHERE strpos({TEXT_COLUMN}, {text}) > 0)"


def text_beside(key: str) -> str:
    """Return the column with the folded text on PostgreSQL, of the table that has this key."""
    return f"{key.rpartition('.')[0]}.{TEXT_COLUMN}"


def has_parts(whole: str, parts: str) -> str:
    return f"search_parts({whole}) @@ CAST({parts} AS tsquery)"


def matches_on_sqlite(table: str, text: str, phrase: str) -> str:
    return f"FROM {table}_search WHERE {match(f'{table}_search', text, phrase)}"


def match(index: str, text: str, phrase: str) -> str:
    """Return the condition of FTS5; a text shorter than a term matches all terms it begins."""
    beyond = f"{text} || char(1114111, 1114111, 1114111)"
    terms = """group_concat('"' || replace(term, '"', '""') || '"', ' OR ')"""
    begun = f"SELECT {terms} FROM {index}_terms WHERE term >= {text} AND term < {beyond}"
    return f"""{index} MATCH coalesce({phrase}, ({begun}), '""')"""
