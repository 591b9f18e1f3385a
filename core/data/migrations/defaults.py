"""A comparison of the default that a model declares for a column with that of the database.

After an import of this module alembic reports these differences and writes them into revisions.
alembic's own comparison fails on PostgreSQL if two expressions have no common type.
"""

import re

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AlterColumnOp
from alembic.util import PriorityDispatchResult
from sqlalchemy import Column, Connection, DefaultClause, FetchedValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import ClauseElement

COLLATION = re.compile(' COLLATE "[^"]+"')


@comparators.dispatch_for("column")
def compare_defaults(
    context: AutogenContext,
    operation: AlterColumnOp,
    _schema: str | None,
    _table: str,
    _name: str,
    stored: Column[object],
    declared: Column[object],
) -> PriorityDispatchResult:
    connection = context.connection
    assert connection is not None  # noqa: S101 (it is configured)
    before, after = stored.server_default, declared.server_default
    numbered = declared is declared.table.autoincrement_column
    if not numbered and is_plain(before) and is_plain(after):
        one, other = sql_of(before, connection), sql_of(after, connection)
        if not are_equal_defaults(connection, one, other, declared):
            operation.existing_server_default = before or False
            operation.modify_server_default = after
    return PriorityDispatchResult.CONTINUE


def is_plain(default: FetchedValue | None) -> bool:
    """Return whether this is not the default of a computed or an identity column."""
    return default is None or isinstance(default, DefaultClause)


def sql_of(default: FetchedValue | None, connection: Connection) -> str | None:
    """Return the default as the SQL of `CREATE TABLE`."""
    if not isinstance(default, DefaultClause):
        return None
    if isinstance(value := default.arg, ClauseElement):
        literal = {"literal_binds": True}
        return str(value.compile(dialect=connection.dialect, compile_kwargs=literal))
    doubled = str(value).replace("'", "''")
    return f"'{doubled}'"


def are_equal_defaults(
    connection: Connection, stored: str | None, declared: str | None, column: Column[object]
) -> bool:
    """Return whether the database gives both the same text as values of the column."""
    if stored is None or declared is None:
        return stored is declared
    if connection.dialect.name == "postgresql":  # it stores a default as a value of the type
        kind = COLLATION.sub("", column.type.compile(dialect=connection.dialect))
        declared = f"CAST({declared} AS {kind})"
    compared = f"SELECT CAST(({stored}) AS TEXT) = CAST(({declared}) AS TEXT)"
    try:
        with connection.begin_nested():
            return bool(connection.exec_driver_sql(compared).scalar())
    except DBAPIError:
        return False
