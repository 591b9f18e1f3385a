"""Lists whose rows are found by several indexes: each part is read in order, then all are merged.

One query with OR would read and sort every row of every part.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, TypeVar, cast

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, bindparam, select, union_all

from core.data.keyset import SortKey
from core.kernel.uncopied import Uncopied

T = TypeVar("T")

LIMIT: BindParameter[int] = bindparam("listing_limit", type_=Integer)
OFFSET: BindParameter[int] = bindparam("listing_offset", type_=Integer)


class Union(Uncopied, Generic[T]):
    """Several queries of the same columns; no row may be in two of them."""

    def __init__(self, *parts: Select[T]) -> None:
        self.parts = parts

    def where(self, condition: ColumnElement[bool]) -> "Union[T]":
        return Union(*(part.where(condition) for part in self.parts))

    def all(self) -> Select[T]:
        """Return one query of all parts, without an order."""
        return cast("Select[T]", select(union_all(*self.parts).subquery()))


def in_order(
    query: Select[T] | Union[T],
    order: Sequence[SortKey],
    after: ColumnElement[bool] | None,
    by_page: bool,
    sorted_after: bool = False,
) -> Select[T]:
    """Return the sorted query, limited by `listing_limit` and, by page, `listing_offset`."""
    if isinstance(query, Union):
        return merged(query, order, after, by_page)
    ordered = query.order_by(*(key.ordering(sorted_after) for key in order)).limit(LIMIT)
    if after is not None:
        ordered = ordered.where(after)
    return ordered.offset(OFFSET) if by_page else ordered


def merged(
    union: Union[T], order: Sequence[SortKey], after: ColumnElement[bool] | None, by_page: bool
) -> Select[T]:
    """Return the merged query, which reads each part only up to the end of the requested page."""
    reach = LIMIT + OFFSET if by_page else LIMIT
    parts = (in_order(part, order, after, by_page=False).limit(reach) for part in union.parts)
    rows = union_all(*(select(part.subquery()) for part in parts)).subquery()
    keys = [replace(key, column=rows.c[str(key.column.key)]) for key in order]
    return in_order(select(rows), keys, None, by_page)
