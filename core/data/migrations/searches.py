"""A comparison of the search indexes of models with those of the database.

After an import of this module alembic reports these differences and writes them into revisions.
"""

import re
from typing import TypeAlias

from alembic.autogenerate import comparators, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrateOperation, UpgradeOps
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy import Connection, text

from core.data.search_tables import SEARCHED

ColumnNames: TypeAlias = tuple[str, ...]

SOURCES = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name || '_add'",
    "postgresql": "SELECT prosrc FROM pg_proc WHERE proname = :name || '_text'"
    " AND pronamespace = current_schema()::regnamespace",
}
"""The statements that read the source of the trigger that updates the index of a table."""
COLUMN = re.compile(r"coalesce\(new\.(\w+), ''\)", re.IGNORECASE)


class ChangeSearch(MigrateOperation):
    """The operation that creates a search index, removes it or changes its columns."""

    def __init__(self, table: str, before: ColumnNames, after: ColumnNames) -> None:
        self.table, self.before, self.after = table, before, after

    def reverse(self) -> "ChangeSearch":
        return ChangeSearch(self.table, self.after, self.before)

    def to_diff_tuple(self) -> tuple[object, ...]:
        return ("search", self.table, self.before, self.after)


@comparators.dispatch_for("schema", priority=DispatchPriority.LAST)
def compare_searches(
    context: AutogenContext, operations: UpgradeOps, _schemas: object
) -> PriorityDispatchResult:
    connection, metadata = context.connection, context.metadata
    assert connection is not None and metadata is not None  # noqa: S101 (it is configured)
    for table in metadata.sorted_tables:  # type: ignore[union-attr]
        declared = SEARCHED.get(table, ())
        if not declared or not context.run_name_filters(table.name, "table", {}):
            continue
        stored = columns_searched(connection, table.name)
        if stored != declared:
            operations.ops.append(ChangeSearch(table.name, stored, declared))
    return PriorityDispatchResult.CONTINUE


@renderers.dispatch_for(ChangeSearch)
def render_search(context: AutogenContext, change: ChangeSearch) -> list[str]:
    lines, names = [], []
    if change.before:
        names.append("drop_search")
        lines.append(f"drop_search(op, {change.table!r})")
    if change.after:
        names.append("create_search")
        lines.append(f"create_search(op, {change.table!r}, {list(change.after)!r})")
    context.imports.update(f"from core.data.search_tables import {name}" for name in names)
    return lines


def columns_searched(connection: Connection, table: str) -> ColumnNames:
    """Return the columns of the search index in the database, or none if there is no index."""
    source = connection.scalar(text(SOURCES[connection.dialect.name]), {"name": f"{table}_search"})
    return tuple(dict.fromkeys(COLUMN.findall(source or "")))
