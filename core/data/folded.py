"""Folded copies of text columns, by which lists have the same order on every database.

Declare `title_folded: Mapped[str] = folded("title", 200)` beside `title`. Each write that sets the
text also sets the copy. A `Listing` whose sort key is the text sorts by the copy.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Executable,
    String,
    Table,
    Update,
    event,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    MappedColumn,
    Mapper,
    attributes,
    mapped_column,
)

from core.data.search_tables import Operations, create_functions
from core.engine.sql import Values
from core.kernel.folding import fold


def folded_text(length: int) -> String:
    """Return the type of a folded copy, which is sorted by code point in every locale."""
    by_code_point = String(length, collation="C")
    return String(length).with_variant(by_code_point, "postgresql")


def folded(source: str, length: int) -> MappedColumn[str]:
    """Declare the folded copy of a text column, by which a `Listing` sorts the text.

    `length` is that of the column `source`. Each write that sets the text also sets the copy. The
    copy of a text that may be None is `Mapped[str | None]`.

    ```python
    class Recipe(Versioned, Base):
        __tablename__ = "notes_recipes"

        title: Mapped[str] = mapped_column(String(100))
        title_folded: Mapped[str] = folded("title", 100)
    ```
    """

    def fold_source(context: Any) -> str | None:
        return fold_text(context.get_current_parameters().get(source))

    return mapped_column(
        folded_text(length),
        default=fold_source,
        server_default="",
        deferred=True,
        info={"fold_of": source},
    )


def fold_text(text: object) -> str | None:
    """Return the folded copy of a text; that of None is None."""
    return None if text is None else fold(str(text))


def add_folded(op: Operations, table: str, source: str, length: int) -> None:
    """Add the folded copy of a text column in a migration, and fill it."""
    create_functions(op)
    name = f"{source}_folded"
    op.add_column(table, Column(name, folded_text(length), nullable=False, server_default=""))
    op.get_bind().exec_driver_sql(f"UPDATE {table} SET {name} = search_fold({source})")  # noqa: S608


@lru_cache(1000)
def folds_of(table: Table) -> Mapping[str, str]:
    """Return the source of each folded column."""
    return {it.name: it.info["fold_of"] for it in table.c if "fold_of" in it.info}


def folds(table: Table, values: Values) -> dict[str, str | None]:
    """Return the values of the folded columns whose text is among these values."""
    sources = folds_of(table).items()
    return {name: fold_text(values[source]) for name, source in sources if source in values}


def own_columns(model: type[DeclarativeBase] | Table) -> list[Any]:  # Any: so is a row of them
    """Return the columns of a table without the folded ones, which no response contains.

    ```python
    statement = select(*own_columns(Note)).where(Note.owner_id == owner.id)
    ```
    """
    table = model if isinstance(model, Table) else model.__table__
    return [it for it in table.columns if "fold_of" not in it.info]


def folded_copy(key: InstrumentedAttribute[object]) -> Column[object] | None:
    """Return the folded copy of a text column, or None if it has none."""
    table = key.parent.local_table if hasattr(key, "parent") else None
    if not isinstance(table, Table):
        return None
    names = [name for name, source in folds_of(table).items() if source == key.key]
    return table.c[names[0]] if names else None


def order_column(key: InstrumentedAttribute[object]) -> ColumnElement[object]:
    """Return the column by which a list with this sort key is sorted."""
    copy = folded_copy(key)
    return key.expression if copy is None else copy


@event.listens_for(Mapper, "before_update")
def fold_changes(mapper: Mapper[object], _: Connection, entity: object) -> None:
    """Update the folded copy of each text that the session changes."""
    table = mapper.local_table
    if not isinstance(table, Table):
        return
    for name, source in folds_of(table).items():
        if attributes.get_history(entity, source).added:
            setattr(entity, name, fold_text(getattr(entity, source)))


def fold_updates(
    _: Connection, statement: Executable, many: Sequence[Values], one: Values, __: object
) -> tuple[Executable, Sequence[Values], Values]:
    """Add the folded copies to an UPDATE that sets a text, before its execution."""
    if not (isinstance(statement, Update) and isinstance(statement.table, Table)):
        return statement, many, one
    table: Table = statement.table
    if not folds_of(table):
        return statement, many, one
    if missing := unfolded_texts(statement):
        statement = statement.values({name: folded_value(it) for name, it in missing.items()})
    return statement, [{**folds(table, it), **it} for it in many], {**folds(table, one), **one}


def unfolded_texts(statement: Executable) -> dict[str, object]:
    """Return the text for each folded copy that an UPDATE leaves as it was."""
    if not (isinstance(statement, Update) and isinstance(statement.table, Table)):
        return {}
    given = {getattr(it, "key", it): value for it, value in (statement._values or {}).items()}
    sources = folds_of(statement.table).items()
    return {name: given[it] for name, it in sources if it in given and name not in given}


def folded_value(value: object) -> str | None:
    if isinstance(value, BindParameter) and not value.required:
        return fold_text(value.effective_value)
    raise TypeError(
        "A text with a folded copy is set by tx.update or to a value, not to an expression."
    )
