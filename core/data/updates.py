"""The statements for one row: the SELECT that reads or locks it, its change and its removal."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Select, Table, bindparam, delete, select, update
from sqlalchemy.orm import DeclarativeBase

from core.data.folded import fold_text, folds_of, own_columns
from core.data.models import ColumnFunction, Versioned, functions_of, key_of, table_of
from core.engine.sql import Values
from core.kernel.preconditions import IfMatch

S = TypeVar("S")
Where = Mapping[str, object]
"""The values of columns by which a row is found; None stands for NULL."""
Names = tuple[tuple[str, bool], ...]
"""The columns of a `Where`, each with whether it must be NULL."""


class Change(NamedTuple):
    """The UPDATE for a set of columns, and what it computes for others."""

    update: Executable
    stamps: Mapping[str, ColumnFunction]
    """The functions of columns that each change sets, such as `updated_at`."""
    folds: Mapping[str, str]
    """The folded copies of the changed texts."""


def statement_for(
    build: Callable[..., S], model: type[DeclarativeBase], where: Where, *more: object
) -> tuple[S, Values]:
    """Return the statement that `build` makes for a row, with the values of its parameters."""
    names = tuple([(name, value is None) for name, value in where.items()])
    return build(model, names, *more), {f"where_{name}": value for name, value in where.items()}


def change_of(
    model: type[DeclarativeBase], where: Where, changes: Where
) -> tuple[Executable, Values]:
    """Return the UPDATE of a row, with the values of its parameters."""
    change, values = statement_for(update_of, model, where, frozenset(changes))
    new = {**{name: stamp(None) for name, stamp in change.stamps.items()}, **changes}
    new |= {name: fold_text(changes[source]) for name, source in change.folds.items()}
    return change.update, {**{f"new_{name}": value for name, value in new.items()}, **values}


def with_version(model: type[DeclarativeBase], found: Where, if_match: IfMatch) -> Where | None:
    """Return the columns that find a row which meets If-Match; None if only the row can tell."""
    key = found[key_of(model)]
    if not (isinstance(key, UUID) and issubclass(model, Versioned)):
        return None
    version = if_match.only_version(key)
    return None if version is None else {**found, "version": version}


@lru_cache(1000)
def update_of(model: type[DeclarativeBase], where: Names, changed: frozenset[str]) -> Change:
    table = table_of(model)
    stamps = stamps_of(model)
    folds = {name: source for name, source in folds_of(table).items() if source in changed}
    new = sorted({*stamps, *changed, *folds})
    columns: dict[str, ColumnElement[object]] = {
        it: bindparam(f"new_{it}", type_=table.c[it].type) for it in new
    }
    if issubclass(model, Versioned):
        columns["version"] = table.c.version + 1
    statement = update(table).where(*conditions(table, where)).values(columns)
    return Change(statement.returning(*own_columns(table)), stamps, folds)


@lru_cache(1000)
def select_row(model: type[DeclarativeBase], where: Names) -> Select[object]:
    table = table_of(model)
    return select(*own_columns(table)).where(*conditions(table, where))


@lru_cache(1000)
def select_locked(model: type[DeclarativeBase], where: Names) -> Executable:
    return select_row(model, where).with_for_update()


@lru_cache(1000)
def delete_of(model: type[DeclarativeBase], where: Names) -> Executable:
    table = table_of(model)
    return delete(table).where(*conditions(table, where)).returning(*table.primary_key.columns)


def conditions(table: Table, where: Names) -> list[ColumnElement[bool]]:
    return [
        table.c[name].is_(None)
        if is_null
        else table.c[name] == bindparam(f"where_{name}", type_=table.c[name].type)
        for name, is_null in where
    ]


def fields_of(model: type[DeclarativeBase], changes: Where) -> list[str]:
    """Return the changed columns for an audit entry, without those that each change sets."""
    stamps = stamps_of(model)
    return [name for name in changes if name not in stamps]


@lru_cache(1000)
def stamps_of(model: type[DeclarativeBase]) -> Mapping[str, ColumnFunction]:
    return functions_of(table_of(model), "onupdate")
