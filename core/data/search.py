"""Search for plain text anywhere in some columns, whatever its case, with an index of trigrams.

From three characters on the index finds the candidates; `contains` then looks at each. Below that,
or for columns without an index, it looks at every row. `%`, `_` and quotes are plain text.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from sqlalchemy import ColumnElement, String, Table, bindparam, event, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from core.data.search_tables import combined, creation, removal

SHORTEST = 3

Columns = Sequence[InstrumentedAttribute[Any]]


class SearchIndex:
    """Declared beside the model: `SEARCH = SearchIndex(Note, (Note.title, Note.body))`.

    A migration makes it with `create_search(op, "notes", ["title", "body"])`.
    """

    def __init__(self, model: type[DeclarativeBase], columns: Columns) -> None:
        table = model.__table__
        assert isinstance(table, Table)  # noqa: S101 (a mapped class has one)
        self.columns = columns
        self.names = [column.key for column in columns]
        self._key = table.c.id
        event.listen(table, "after_create", self._create)
        event.listen(table, "after_drop", self._drop)

    def candidates(self) -> ColumnElement[bool]:
        return may_contain(self._key, TRIGRAMS, TEXT, *self.columns)

    def _create(self, table: Table, connection: Any, **_: Any) -> None:
        for statement in creation(connection.dialect.name, table.name, self.names):
            connection.exec_driver_sql(statement)

    def _drop(self, table: Table, connection: Any, **_: Any) -> None:
        for statement in removal(connection.dialect.name, table.name):
            connection.exec_driver_sql(statement)


class Kind(NamedTuple):
    """Texts of one kind are looked for by one statement."""

    long: bool
    ascii: bool

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(len(text) >= SHORTEST, text.isascii())


def found_in(index: SearchIndex | Columns, kind: Kind) -> ColumnElement[bool]:
    """The condition for texts of this kind; its values come from `search_values`."""
    columns = index.columns if isinstance(index, SearchIndex) else index
    look = contains if kind.ascii else contains_unicode
    found = or_(*(look(column, PATTERN) for column in columns))
    if isinstance(index, SearchIndex) and kind.long:
        return index.candidates() & found
    return found


def search_values(text: str) -> Mapping[str, str]:
    folded = text.lower()
    literal = folded.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {
        "search_pattern": f"%{literal}%",
        "search_text": folded,
        "search_trigrams": " AND ".join(trigrams(folded)),
    }


def trigrams(text: str) -> list[str]:
    """As strings of FTS5's query language, which has no other special character within them."""
    parts = dict.fromkeys(text[start : start + 3] for start in range(len(text) - 2))
    return ['"' + part.replace('"', '""') + '"' for part in parts]


PATTERN: ColumnElement[str] = bindparam("search_pattern", type_=String())
TEXT: ColumnElement[str] = bindparam("search_text", type_=String())
TRIGRAMS: ColumnElement[str] = bindparam("search_trigrams", type_=String())


UNTYPED: Any = NullType()  # of Boolean conditions SQLite would be asked whether they equal 1


class contains(FunctionElement[bool]):
    inherit_cache = True
    type = UNTYPED


class contains_unicode(FunctionElement[bool]):
    inherit_cache = True
    type = UNTYPED


class may_contain(FunctionElement[bool]):
    inherit_cache = True
    type = UNTYPED


@compiles(contains, "sqlite")
def contains_on_sqlite(element: contains, compiler: Any, **options: Any) -> str:
    column, pattern = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} LIKE {pattern} ESCAPE '/'"  # whatever the case, of ASCII


@compiles(contains_unicode, "sqlite")
def contains_unicode_on_sqlite(element: contains_unicode, compiler: Any, **options: Any) -> str:
    column, pattern = (compiler.process(each, **options) for each in element.clauses)
    return f"fold({column}) LIKE {pattern} ESCAPE '/'"


@compiles(contains, "postgresql")
@compiles(contains_unicode, "postgresql")
def contains_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column, pattern = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} ILIKE {pattern} ESCAPE '/'"


@compiles(may_contain, "sqlite")
def may_contain_on_sqlite(element: may_contain, compiler: Any, **options: Any) -> str:
    key, wanted, *_ = element.clauses
    search, rows = f"{key.table.name}_search", f"{key.table.name}_search_rows"
    found = f"{search}.rowid = {rows}.number AND {search} MATCH"
    row, text = (compiler.process(each, **options) for each in (key, wanted))
    return f"{row} IN (SELECT id FROM {search}, {rows} WHERE {found} {text})"  # noqa: S608


@compiles(may_contain, "postgresql")
def may_contain_on_postgresql(element: may_contain, compiler: Any, **options: Any) -> str:
    _, _, text, *columns = element.clauses
    every = combined("postgresql", [compiler.process(each, **options) for each in columns])
    return f"search_trigrams({every}) @> search_trigrams({compiler.process(text, **options)})"
