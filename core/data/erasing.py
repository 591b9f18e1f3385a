"""Deletes and updates of many rows, in short transactions one after another.

One statement over all rows would block the only writer of SQLite, and every other change, until its
end.
"""

from collections.abc import Mapping
from time import monotonic

from sqlalchemy import BindParameter, ColumnElement, bindparam, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from core.data.database import Database
from core.data.models import Base, table_of

BUDGET_S = 0.04
"""The time that one transaction may take."""
QUICK_S = 0.004
"""After a faster statement the next one covers twice as many rows."""
MAX_ROWS = 500

AT_MOST: BindParameter[int] = bindparam("at_most")


async def delete_some(db: Database, model: type[Base], *which: ColumnElement[bool]) -> bool:
    """Delete rows for about 40 ms, and return whether there may be more: if so, call it again.

    The condition needs an index.

    ```python
    while await delete_some(db, Note, Note.owner_id == owner.id):
        pass
    ```
    """
    return await change_some(db, delete(model).where(some_of(model, *which)))


async def update_some(
    db: Database, model: type[Base], values: Mapping[str, object], *which: ColumnElement[bool]
) -> bool:
    """Update rows like `delete_some`; the new values must make the condition false.

    Rows that another transaction has locked are skipped until the next call, as in `delete_all`.

    ```python
    while await update_some(db, Note, {"text": "Milk"}, Note.text == "milk"):
        pass
    ```
    """
    some = some_of(model, *which, skip_locked=True)
    return await change_some(db, update(model).where(some).values(values))


async def delete_all(db: Database, model: type[Base], *which: ColumnElement[bool]) -> None:
    """Delete all these rows in short transactions. Do not call it inside another transaction.

    Rows that another transaction has locked are skipped until the next call, because waiting for
    them while other rows are locked could be a deadlock.

    ```python
    await delete_all(db, Note, Note.created_at < utc_now() - timedelta(days=365))
    ```
    """
    some = delete(model).where(some_of(model, *which, skip_locked=True))
    while await change_some(db, some):
        pass


async def change_some(db: Database, statement: UpdateBase) -> bool:
    """Execute a statement over `AT_MOST` rows repeatedly; return whether there may be more rows.

    It stops when a run changes fewer rows, or when the next run would exceed `BUDGET_S`.
    """
    async with db.transaction() as tx:
        connection, begun = await tx.session.connection(), monotonic()
        rows, took = 1, 0.0
        while monotonic() + took < begun + BUDGET_S:
            changed, took = await timed(connection, statement, rows)
            if changed < rows:
                return False
            rows = min(2 * rows, MAX_ROWS) if took < QUICK_S else rows
    return True


async def timed(connection: AsyncConnection, statement: UpdateBase, rows: int) -> tuple[int, float]:
    begun = monotonic()
    changed = (await connection.execute(statement, {"at_most": rows})).rowcount
    return changed, monotonic() - begun


def some_of(
    model: type[Base], *which: ColumnElement[bool], skip_locked: bool = False
) -> ColumnElement[bool]:
    """Return the condition of at most `AT_MOST` rows, which are found by their primary keys."""
    columns = table_of(model).primary_key.columns
    some = select(*columns).where(*which).limit(AT_MOST)
    return tuple_(*columns).in_(some.with_for_update(skip_locked=True) if skip_locked else some)
