"""New rows by one INSERT, without the ORM, which would track, flush and read an entity."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Enum,
    Insert,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    bindparam,
    insert,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault

from core.data.folded import own_columns
from core.data.models import UtcDateTime, table_of, to_utc
from core.kernel.ids import uuid7

READ_AS_WRITTEN = (Boolean, Date, Integer, LargeBinary, String, UtcDateTime, Uuid)
"""Types whose values every database returns as they were written."""


class NewRow(NamedTuple):
    insert: Insert
    returning: ReturningInsert[Any] | None
    """The INSERT with RETURNING, if the stored row may differ from the given values."""
    may_wait: bool
    """Whether the INSERT may be sent with a later statement or the commit: no value is unique."""


@lru_cache(1000)
def insert_into(table: Table, names: frozenset[str]) -> NewRow:
    """Return the INSERT for these columns of a table."""
    columns = {it: bindparam(f"new_{it}", type_=table.c[it].type) for it in sorted(names)}
    statement = insert(table).values(columns)
    if all(it.name in names and is_read_as_written(it) for it in table.c):
        return NewRow(statement, None, not has_unique_values(table))
    return NewRow(statement, statement.returning(*own_columns(table)), may_wait=False)


def insert_of(model: type[DeclarativeBase]) -> Insert:
    """Return the INSERT of a row whose columns all get a value."""
    table = table_of(model)
    return insert_into(table, frozenset(table.c.keys())).insert


def new_values(**values: object) -> dict[str, object]:
    """Return the parameters of an INSERT for the values of a row."""
    return {f"new_{name}": value for name, value in values.items()}


def is_read_as_written(column: Column[Any]) -> bool:
    is_plain = isinstance(column.type, READ_AS_WRITTEN) and not isinstance(column.type, Enum)
    return is_plain and column.computed is None


def has_unique_values(table: Table) -> bool:
    """Return whether a row may be refused because of a value that another row has."""
    if not has_generated_id(table):
        return True
    constrained = any(isinstance(it, UniqueConstraint) for it in table.constraints)
    return constrained or any(it.unique for it in table.indexes)


@lru_cache(1000)
def has_generated_id(table: Table) -> bool:
    """Return whether the primary key is the `id` that `with_defaults` generates."""
    keys = [*table.primary_key.columns]
    return [it.name for it in keys] == ["id"] and isinstance(keys[0].type, Uuid)


def with_defaults(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row with the defaults that Python computes, timestamps in UTC."""
    given = {"id": uuid7(), **values} if has_generated_id(table) else dict(values)
    for name in timestamps_of(table):
        if name in given:
            given[name] = to_utc(given[name])
    row = RowSoFar(given)
    for name, default in defaults_of(table).items():
        if name not in given:
            given[name] = default.arg(cast("Any", row)) if default.is_callable else default.arg
    for name in nulls_of(table):
        given.setdefault(name, None)
    return given


class RowSoFar(NamedTuple):
    """The context that callable column defaults receive, in place of SQLAlchemy's."""

    values: dict[str, Any]

    def get_current_parameters(self) -> dict[str, object]:
        return self.values


Default = CallableColumnDefault | ScalarElementColumnDefault


@lru_cache(1000)
def defaults_of(table: Table) -> Mapping[str, Default]:
    return {it.name: it.default for it in table.c if isinstance(it.default, Default)}


@lru_cache(1000)
def nulls_of(table: Table) -> tuple[str, ...]:
    """Return the columns that are NULL if they are not given: the database computes no value."""
    computed = {it.name for it in table.c if it.server_default is not None or it.computed}
    if (key := table.autoincrement_column) is not None:
        computed.add(key.name)
    return tuple(it.name for it in table.c if it.name not in computed)


@lru_cache(1000)
def timestamps_of(table: Table) -> tuple[str, ...]:
    return tuple(it.name for it in table.c if isinstance(it.type, UtcDateTime))
