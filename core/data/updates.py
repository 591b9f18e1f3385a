"""The statements for one row: the SELECT that reads or locks it, its change and its removal."""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, select, update
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.dml import ReturningDelete, ReturningUpdate
from sqlalchemy.sql.schema import CallableColumnDefault

from core.data.folded import fold_text, folds_of, own_columns
from core.data.models import Versioned, key_of, table_of
from core.kernel.preconditions import ANY_VERSION, IfMatch

Values = dict[str, object]
Where = Mapping[str, object]
"""The values of columns by which a row is found; None stands for NULL."""


class Change(NamedTuple):
    """The UPDATE for a set of columns, and what it computes for others."""

    update: ReturningUpdate[Any]
    stamps: Mapping[str, Callable[[], object]]
    """The functions of columns that each change sets, such as `updated_at`."""
    folds: Mapping[str, str]
    """The folded copies of the changed texts."""


def change_of(
    model: type[DeclarativeBase], where: Where, changes: Where
) -> tuple[ReturningUpdate[Any], Values]:
    """Return the UPDATE of a row, with the values of its parameters."""
    names, found = split(where)
    change = update_of(model, names, frozenset(changes))
    new = {**{name: stamp() for name, stamp in change.stamps.items()}, **changes}
    new |= {name: fold_text(changes[source]) for name, source in change.folds.items()}
    return change.update, {f"new_{name}": value for name, value in new.items()} | found


def row_condition(
    model: type[DeclarativeBase], key: object, where: Where, if_match: IfMatch
) -> Where | None:
    """Return the columns that find a row which meets If-Match; None if only the row can tell."""
    found = {key_of(model): key, **where}
    if if_match is ANY_VERSION:
        return found
    if not (isinstance(key, UUID) and issubclass(model, Versioned)):
        return None
    version = if_match.only_version(key)
    return None if version is None else {**found, "version": version}


def found_by(model: type[DeclarativeBase], where: Where) -> tuple[Select[Any], Values]:
    """Return the SELECT of a row, with the values of its parameters."""
    names, found = split(where)
    return select_row(model, names), found


def locked(model: type[DeclarativeBase], where: Where) -> tuple[Select[Any], Values]:
    """Return the SELECT … FOR UPDATE of a row, with the values of its parameters."""
    names, found = split(where)
    return select_locked(model, names), found


def removal_of(model: type[DeclarativeBase], where: Where) -> tuple[ReturningDelete[Any], Values]:
    """Return the DELETE of a row, with the values of its parameters."""
    names, found = split(where)
    return delete_of(model, names), found


Names = tuple[tuple[str, bool], ...]
"""The columns of a `Where`, each with whether it must be NULL."""


@lru_cache(1000)
def update_of(model: type[DeclarativeBase], where: Names, changed: frozenset[str]) -> Change:
    table = table_of(model)
    stamps = stamps_of(model)
    folds = {name: source for name, source in folds_of(table).items() if source in changed}
    new = {*stamps, *changed, *folds}
    columns: dict[str, Any] = {
        it: bindparam(f"new_{it}", type_=table.c[it].type) for it in sorted(new)
    }
    if issubclass(model, Versioned):
        columns["version"] = table.c.version + 1
    statement = update(table).where(*conditions(table, where)).values(columns)
    return Change(statement.returning(*own_columns(table)), stamps, folds)


@lru_cache(1000)
def select_row(model: type[DeclarativeBase], where: Names) -> Select[Any]:
    table = table_of(model)
    return select(*own_columns(table)).where(*conditions(table, where))


@lru_cache(1000)
def select_locked(model: type[DeclarativeBase], where: Names) -> Select[Any]:
    return select_row(model, where).with_for_update()


@lru_cache(1000)
def delete_of(model: type[DeclarativeBase], where: Names) -> ReturningDelete[Any]:
    table = table_of(model)
    return delete(table).where(*conditions(table, where)).returning(*table.primary_key.columns)


def conditions(table: Table, where: Names) -> list[ColumnElement[bool]]:
    return [
        table.c[name].is_(None)
        if is_null
        else table.c[name] == bindparam(f"where_{name}", type_=table.c[name].type)
        for name, is_null in where
    ]


def split(where: Where) -> tuple[Names, Values]:
    """Return the columns of a condition, and the values of its parameters."""
    names = tuple([(name, value is None) for name, value in where.items()])
    return names, {f"where_{name}": value for name, value in where.items()}


def fields_of(model: type[DeclarativeBase], changes: Where) -> list[str]:
    """Return the changed columns for an audit entry, without those that each change sets."""
    stamps = stamps_of(model)
    return [name for name in changes if name not in stamps]


@lru_cache(1000)
def stamps_of(model: type[DeclarativeBase]) -> Mapping[str, Callable[[], object]]:
    columns = table_of(model).c
    defaults = {
        it.name: it.onupdate for it in columns if isinstance(it.onupdate, CallableColumnDefault)
    }
    return {name: partial(default.arg, cast("Any", None)) for name, default in defaults.items()}
