"""A change as one UPDATE … RETURNING, where loading, changing and flushing would be three."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, Table, Update, bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.data.reads import Values
from core.kernel.bounded import Bounded
from core.kernel.errors import NotFound, Stale
from core.kernel.preconditions import IfMatch

_updates: Bounded[object, Update] = Bounded(500)


async def update_or_raise(
    session: AsyncSession,
    query: Select[Any],
    values: Values,
    changes: Mapping[str, Any],
    if_match: IfMatch,
    missing: type[NotFound],
) -> Row[Any]:
    """The `Versioned` row that `query` finds, changed, as it is now. Raises `missing` and Stale.

    Without a change it stays as it is. Entities that were loaded before do not see the change. A
    bindparam of the query must not be called like a column.
    """
    connection = await session.connection()
    if not changes:
        row = (await connection.execute(query.with_for_update(), values)).one_or_none()
        return checked(row, 0, if_match, missing)
    values = {**values, **{f"new_{name}": value for name, value in changes.items()}}
    row = (await connection.execute(update_of(query, changes), values)).one_or_none()
    return checked(row, 1, if_match, missing)


def checked(
    row: Row[Any] | None, step: int, if_match: IfMatch, missing: type[NotFound]
) -> Row[Any]:
    """If-Match is about the version before the step; raising takes the change back."""
    if row is None:
        raise missing
    if not if_match.permits(row.id, row.version - step):
        raise Stale
    return row


def update_of(query: Select[Any], changes: Mapping[str, Any]) -> Update:
    """Built once for each query and set of columns."""
    key = query, frozenset(changes)
    if (known := _updates.get(key)) is not None:
        return known
    table = query.get_final_froms()[0]
    if not isinstance(table, Table) or query.whereclause is None:
        raise TypeError("An update is of rows of one table, found by a condition.")
    columns = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in changes}
    changed = update(table).where(query.whereclause)
    counted = changed.values({**columns, "version": table.c.version + 1})
    built = counted.returning(*table.c)
    _updates.put(key, built)
    return built
