"""Rows that belong to a user: their number, their export and their erasure."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from core.data.database import Database
from core.data.erasing import delete_some
from core.data.models import Base, table_of
from core.data.queries import Listing
from core.data.rows import select_rows
from core.engine.sql import Count
from core.kernel.schemas import Schema


def model_of(column: InstrumentedAttribute[UUID]) -> type[Base]:
    return cast("type[Base]", column.class_)


def counted(
    db: Callable[[], Database], model: type[Base], *which: ColumnElement[bool]
) -> Callable[..., Awaitable[int]]:
    """Return a function that counts the rows with values, or returns the cached total of all."""
    count = Count(select(*table_of(model).primary_key.columns).where(*which))

    async def read(**values: object) -> int:
        async with db().read() as reads:
            if values:
                return int(await reads.scalar(count.statement, values))
            return await reads.total(count)

    return read


def export_rows(
    db: Callable[[], Database],
    owner: InstrumentedAttribute[UUID],
    listing: Listing,
    schema: type[Schema],
) -> Callable[[UUID], AsyncIterator[Sequence[Schema]]]:
    """Return a function that yields the rows of a user in batches."""
    query = select_rows(model_of(owner)).where(owner == bindparam("owner"))

    async def export(user_id: UUID) -> AsyncIterator[Sequence[Schema]]:
        async for rows in db().batches(listing, query, owner=user_id):
            yield schema.each(rows)

    return export


def erase_rows(
    db: Callable[[], Database], owner: InstrumentedAttribute[UUID]
) -> Callable[[UUID], Awaitable[bool]]:
    """Return a function that deletes some rows of a user, and returns whether there may be more."""
    return lambda user_id: delete_some(db(), model_of(owner), owner == user_id)
