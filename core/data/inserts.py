"""New rows by one INSERT, without the ORM, which would track, flush and read an entity."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Enum,
    Executable,
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
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from core.data.folded import own_columns
from core.data.models import ColumnFunction, UtcDateTime, functions_of, table_of, to_utc
from core.kernel.ids import uuid7

READ_AS_WRITTEN = (Boolean, Date, Integer, LargeBinary, String, UtcDateTime, Uuid)
"""Types whose values every database returns as they were written."""


class NewRow(NamedTuple):
    insert: Insert
    returning: Executable | None
    """The INSERT with RETURNING, if the stored row may differ from the given values."""
    may_wait: bool
    """Whether the INSERT may be sent with a later statement or the commit: no value is unique."""


@lru_cache(1000)
def insert_into(model: type[DeclarativeBase], names: frozenset[str]) -> NewRow:
    """Return the INSERT for these columns of a table."""
    table = table_of(model)
    columns = {it: bindparam(f"new_{it}", type_=table.c[it].type) for it in sorted(names)}
    statement = insert(table).values(columns)
    if all(it.name in names and is_read_as_written(it) for it in table.c):
        return NewRow(statement, None, not has_unique_values(table))
    return NewRow(statement, statement.returning(*own_columns(table)), may_wait=False)


def insert_of(model: type[DeclarativeBase]) -> Insert:
    """Return the INSERT of a row whose columns all get a value."""
    return insert_into(model, frozenset(table_of(model).c.keys())).insert


def new_values(**values: object) -> dict[str, object]:
    """Return the parameters of an INSERT for the values of a row."""
    return {f"new_{name}": value for name, value in values.items()}


def is_read_as_written(column: Column[object]) -> bool:
    is_plain = isinstance(column.type, READ_AS_WRITTEN) and not isinstance(column.type, Enum)
    return is_plain and column.computed is None


def has_default(column: Column[object]) -> bool:
    return column.default is not None or column.server_default is not None


def has_unique_values(table: Table) -> bool:
    """Return whether a row may be refused because of a value that another row has."""
    if not has_generated_id(table):
        return True
    constrained = any(isinstance(it, UniqueConstraint) for it in table.constraints)
    return constrained or any(it.unique for it in table.indexes)


def has_generated_id(table: Table) -> bool:
    """Return whether the primary key is the `id` that `with_defaults` generates."""
    keys = [*table.primary_key.columns]
    return [it.name for it in keys] == ["id"] and isinstance(keys[0].type, Uuid)


def with_defaults(model: type[DeclarativeBase], values: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a row with the defaults that Python computes, timestamps in UTC."""
    unset = unset_columns(model)
    given = {**unset.constants, **values}
    if unset.has_generated_id and "id" not in values:
        given["id"] = uuid7()
    for name in unset.timestamps:
        if isinstance(timestamp := given.get(name), datetime):
            given[name] = to_utc(timestamp)
    row = RowSoFar(given)
    for name, function in unset.functions.items():
        if name not in given:
            given[name] = function(row)
    return given


class RowSoFar(NamedTuple):
    """The context that callable column defaults receive, in place of SQLAlchemy's."""

    values: dict[str, object]

    def get_current_parameters(self) -> dict[str, object]:
        return self.values


class UnsetColumns(NamedTuple):
    """The values of columns that are not given."""

    constants: Mapping[str, object]
    """Constant defaults, and NULL if neither Python nor the database computes a value."""
    functions: Mapping[str, ColumnFunction]
    timestamps: Sequence[str]
    has_generated_id: bool


@lru_cache(1000)
def unset_columns(model: type[DeclarativeBase]) -> UnsetColumns:
    table = table_of(model)
    constants: dict[str, object] = {}
    for it in table.c:
        if isinstance(it.default, ScalarElementColumnDefault):
            constants[it.name] = it.default.arg
        elif not (has_default(it) or it is table.autoincrement_column):
            constants[it.name] = None
    timestamps = [it.name for it in table.c if isinstance(it.type, UtcDateTime)]
    functions = functions_of(table, "default")
    return UnsetColumns(constants, functions, timestamps, has_generated_id(table))
