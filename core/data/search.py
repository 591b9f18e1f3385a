"""Search for plain text anywhere in some columns: both are folded, then one contains the other.

With a `SearchIndex` a rare text is looked up, and a common one is met soon on a walk along the
order of the list: `Listing` chooses by a bounded look into the index. `%`, `_` and quotes are plain
text.
"""

# ruff: noqa: S608 (all names come from a module's own models)

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, Table, bindparam, event, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from core.data.search_tables import combined, creation, matching, removal
from core.data.totals import Count
from core.kernel.folding import fold

Columns = Sequence[InstrumentedAttribute[Any]]

CANDIDATES = 4000
"""So many rows are quicker looked up and sorted than met on a walk."""

COMMON = 200
"""Among so many candidates: a text that the rows before them do not have is not common."""


SHORTEST = 2
"""The index is asked for texts from this length on."""


class Way(Enum):
    """The way in which the rows that contain a text are found."""

    look_up = "by the index, then sorted"
    walk = "along the order of the list, each row compared"


class SearchIndex:
    """Declared beside the model: `SEARCH = SearchIndex(Note, (Note.title, Note.body))`.

    A migration makes it with `create_search(op, "notes", ["title", "body"])`.
    """

    def __init__(self, model: type[DeclarativeBase], columns: Columns) -> None:
        table = model.__table__
        assert isinstance(table, Table)  # noqa: S101 (a mapped class has one)
        self.columns = columns
        self.names = [column.key for column in columns]
        self.key = table.c.id
        event.listen(table, "after_create", self._create)
        event.listen(table, "after_drop", self._drop)

    def _create(self, table: Table, connection: Any, **_: Any) -> None:
        for statement in creation(connection.dialect.name, table.name, self.names):
            connection.exec_driver_sql(statement)

    def _drop(self, table: Table, connection: Any, **_: Any) -> None:
        for statement in removal(connection.dialect.name, table.name):
            connection.exec_driver_sql(statement)


def search_values(text: str) -> Mapping[str, str]:
    folded = fold(text)
    return {"search_text": folded, "search_grams": matching(folded)}


def found_in(index: SearchIndex | Columns, way: Way) -> ColumnElement[bool]:
    """Return the condition for rows that have the text, whose values are `search_values`."""
    if not isinstance(index, SearchIndex):
        return or_(*(contains(column, TEXT) for column in index))
    if way is Way.look_up:
        return looked_up(index.key, TEXT, GRAMS, *index.columns)
    return has_text(index.key, TEXT, GRAMS, *index.columns)


def common_matches(index: SearchIndex) -> Count:
    """Count the first candidates that have the text; 0 where there are few candidates."""
    return Count.of(select(MatchesOfMany(index)), index.key.table.name)


def all_matches(index: SearchIndex) -> Count:
    """Count the rows of the table that have the text."""
    return Count.of(select(AllMatches(index)), index.key.table.name)


TEXT: ColumnElement[str] = bindparam("search_text", type_=String())
GRAMS: ColumnElement[str] = bindparam("search_grams", type_=String())


UNTYPED: Any = NullType()  # SQLite would be asked whether a Boolean condition equals 1


class contains(FunctionElement[bool]):
    inherit_cache = True
    type = UNTYPED


class has_text(FunctionElement[bool]):
    inherit_cache = True
    type = UNTYPED


class looked_up(FunctionElement[bool]):
    inherit_cache = True
    type = UNTYPED


class OfIndex(FunctionElement[int]):
    """A figure of the whole index: it names its table itself, and no row of a query."""

    inherit_cache = False
    type = Integer()

    def __init__(self, index: SearchIndex) -> None:
        super().__init__(TEXT, GRAMS)
        self.table = index.key.table.name
        self.combined = combined("postgresql", index.names)
        self.folded = f"search_fold({self.combined})"


class MatchesOfMany(OfIndex):
    inherit_cache = False


class AllMatches(OfIndex):
    inherit_cache = False


@compiles(contains, "sqlite")
def contains_on_sqlite(element: contains, compiler: Any, **options: Any) -> str:
    column, text = (compiler.process(each, **options) for each in element.clauses)
    return f"instr(search_fold({column}), {text}) > 0"


@compiles(contains, "postgresql")
def contains_on_postgresql(element: contains, compiler: Any, **options: Any) -> str:
    column, text = (compiler.process(each, **options) for each in element.clauses)
    return f"strpos(search_fold({column}), {text}) > 0"


@compiles(has_text, "sqlite")
def has_text_on_sqlite(element: has_text, compiler: Any, **options: Any) -> str:
    key, text, *_ = element.clauses
    row, wanted = (compiler.process(each, **options) for each in (key, text))
    rows = f"{key.table.name}_search_rows"
    return f"instr((SELECT text FROM {rows} WHERE {rows}.id = {row}), {wanted}) > 0"


@compiles(has_text, "postgresql")
def has_text_on_postgresql(element: has_text, compiler: Any, **options: Any) -> str:
    _, text, _, *columns = element.clauses
    folded = combined("postgresql", [compiler.process(each, **options) for each in columns])
    return f"strpos(search_fold({folded}), {compiler.process(text, **options)}) > 0"


@compiles(looked_up, "sqlite")
def looked_up_on_sqlite(element: looked_up, compiler: Any, **options: Any) -> str:
    key, *binds = element.clauses
    text, grams = (compiler.process(each, **options) for each in binds[:2])
    row, table = compiler.process(key, **options), key.table.name
    return f"{row} IN (SELECT id {matching_rows(table, grams)} AND instr(text, {text}) > 0)"


@compiles(looked_up, "postgresql")
def looked_up_on_postgresql(element: looked_up, compiler: Any, **options: Any) -> str:
    _, text, _, *columns = element.clauses
    folded = combined("postgresql", [compiler.process(each, **options) for each in columns])
    wanted = compiler.process(text, **options)
    may = f"search_grams(search_fold({folded})) @> search_grams({wanted})"
    return f"({may} AND strpos(search_fold({folded}), {wanted}) > 0)"


@compiles(MatchesOfMany, "sqlite")
def matches_of_many_on_sqlite(element: MatchesOfMany, compiler: Any, **options: Any) -> str:
    """The newest candidates first, as most lists are read."""
    text, grams = (compiler.process(each, **options) for each in element.clauses)
    found, order = matching_rows(element.table, grams), f"{element.table}_search.rowid DESC"
    newest = f"{found} ORDER BY {order} LIMIT {CANDIDATES}"
    return f"({if_many(f'sum(instr(text, {text}) > 0)')} FROM (SELECT text {newest}))"


@compiles(MatchesOfMany, "postgresql")
def matches_of_many_on_postgresql(element: MatchesOfMany, compiler: Any, **options: Any) -> str:
    text = compiler.process(TEXT, **options)
    folded, may = element.folded, f"search_grams({element.folded}) @> search_grams({text})"
    some = f"SELECT {folded} AS text FROM {element.table} WHERE {may} LIMIT {CANDIDATES}"
    matches = if_many(f"count(*) FILTER (WHERE strpos(text, {text}) > 0)")
    return f"({matches} FROM ({some}) AS candidates)"


@compiles(AllMatches, "sqlite")
def all_matches_on_sqlite(element: AllMatches, compiler: Any, **options: Any) -> str:
    text, grams = (compiler.process(each, **options) for each in element.clauses)
    return f"(SELECT count(*) {matching_rows(element.table, grams)} AND instr(text, {text}) > 0)"


@compiles(AllMatches, "postgresql")
def all_matches_on_postgresql(element: AllMatches, compiler: Any, **options: Any) -> str:
    text = compiler.process(TEXT, **options)
    may = f"search_grams({element.folded}) @> search_grams({text})"
    plain = f'strpos(lower(({element.combined}) COLLATE "C"), {text}) > 0'  # spares most the fold
    has = f"({plain} OR strpos({element.folded}, {text}) > 0)"
    if_short = f"length({text}) < {SHORTEST}"
    by_index = f"SELECT count(*) FROM {element.table} WHERE {may} AND {has}"
    by_row = f"SELECT count(*) FROM {element.table} WHERE {has}"
    return f"(CASE WHEN {if_short} THEN ({by_row}) ELSE ({by_index}) END)"


def matching_rows(table: str, grams: str) -> str:
    """CROSS JOIN keeps SQLite to the order: first the index, then the text of each row found."""
    found, texts = f"{table}_search", f"{table}_search_rows"
    joined = f"FROM {found} CROSS JOIN {texts} ON {texts}.number = {found}.rowid"
    return f"{joined} WHERE {found} MATCH {grams}"


def if_many(matches: str) -> str:
    return f"SELECT CASE WHEN count(*) < {CANDIDATES} THEN 0 ELSE {matches} END"
