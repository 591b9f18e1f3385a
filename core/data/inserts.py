"""A new row as one INSERT … RETURNING, where an entity would be tracked, flushed and read again."""

from typing import Any

from sqlalchemy import Row, Table, bindparam, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from core.data.folded import folds, own_columns
from core.data.models import Base
from core.data.writes import write
from core.kernel.clock import utc_now
from core.kernel.ids import uuid7

_inserts: dict[Table, ReturningInsert[Any]] = {}


async def add_row(session: AsyncSession, model: type[Base], **values: Any) -> Row[Any]:
    """The row as it is now, with the id, version and moments that every table gives its rows."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 (a mapped class has one)
    now = utc_now()
    given = {"id": uuid7(), "version": 1, "created_at": now, "updated_at": now} | values
    given |= folds(table, given)
    every = {f"new_{column.name}": given.get(column.name) for column in table.columns}
    return (await write(session, insert_into(table), every)).one()


def insert_into(table: Table) -> ReturningInsert[Any]:
    """Built once for each table."""
    if table not in _inserts:
        columns = {each.name: bindparam(f"new_{each.name}", type_=each.type) for each in table.c}
        _inserts[table] = insert(table).values(columns).returning(*own_columns(table))
    return _inserts[table]
