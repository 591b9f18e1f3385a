"""Changes of a row by one UPDATE … RETURNING, in place of loading, changing and flushing."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from sqlalchemy import Row, Select, Table, Update, bindparam, update
from sqlalchemy.sql.schema import CallableColumnDefault

from core.data.folded import folds_of, own_columns
from core.data.transaction import Transaction
from core.data.writes import write
from core.engine.sql import Values
from core.kernel.errors import NotFound
from core.kernel.folding import fold
from core.kernel.lru_dict import LruDict
from core.kernel.preconditions import IfMatch


class Change(NamedTuple):
    update: Update
    stamps: Mapping[str, Callable[[], Any]]
    folds: Mapping[str, str]


_changes: LruDict[object, Change] = LruDict(500)


async def update_or_raise(
    tx: Transaction,
    query: Select[Any],
    values: Values,
    changes: Mapping[str, Any],
    if_match: IfMatch,
    missing: type[NotFound],
) -> Row[Any]:
    """Change the `Versioned` row that `query` finds, and return it. Raises `missing` and Stale.

    Without changes the row is only locked, checked and returned. Entities that were loaded before
    do not see the change. No bindparam of the query may have the name of a column.
    """
    if not changes:
        connection = await tx.session.connection()
        row = (await connection.execute(query.with_for_update(), values)).one_or_none()
        return checked(row, 0, if_match, missing)
    change = change_of(query, changes)
    new = {**{name: stamp() for name, stamp in change.stamps.items()}, **changes}
    new |= {name: fold(changes[source]) for name, source in change.folds.items()}
    values = {**values, **{f"new_{name}": value for name, value in new.items()}}
    row = (await write(tx, change.update, values)).one_or_none()
    return checked(row, 1, if_match, missing)


def checked(
    row: Row[Any] | None, step: int, if_match: IfMatch, missing: type[NotFound]
) -> Row[Any]:
    """Return the row after a check of If-Match against its version before the change.

    An error undoes the change.
    """
    if row is None:
        raise missing
    if_match.check_version(row.id, row.version - step)
    return row


def change_of(query: Select[Any], changes: Mapping[str, Any]) -> Change:
    """Return the UPDATE, built once for each query and set of columns."""
    key = query, frozenset(changes)
    if (change := _changes.get(key)) is not None:
        return change
    table = query.get_final_froms()[0]
    if not isinstance(table, Table) or query.whereclause is None:
        raise TypeError("An update is of rows of one table, found by a condition.")
    stamps = stamps_of(table)
    folds = {name: source for name, source in folds_of(table).items() if source in changes}
    new = {**stamps, **changes, **folds}
    columns = {it: bindparam(f"new_{it}", type_=table.c[it].type) for it in new}
    counted = update(table).where(query.whereclause).values(columns)
    built = Change(
        counted.values(version=table.c.version + 1).returning(*own_columns(table)), stamps, folds
    )
    _changes.put(key, built)
    return built


def stamps_of(table: Table) -> dict[str, Callable[[], Any]]:
    """Return the functions of columns that each change sets, such as `updated_at`."""
    defaults = {
        it.name: it.onupdate for it in table.c if isinstance(it.onupdate, CallableColumnDefault)
    }
    return {name: partial(default.arg, cast("Any", None)) for name, default in defaults.items()}
