"""Cursor pagination: a list continues after the sort values of the last row that was read.

Rows that were added or removed since then do not shift it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, and_, bindparam, false, func, or_, tuple_

from core.data.folded import fold_text
from core.kernel.errors import FieldError, InvalidInput
from core.kernel.pages import Key


@dataclass(frozen=True)
class SortKey:
    column: ColumnElement[object]
    """The sort column: that of the attribute, or the folded copy of its text."""
    descending: bool
    source: str
    """The name of the attribute whose value, plain or folded, the column has."""

    @property
    def nullable(self) -> bool:
        return getattr(self.column, "nullable", True)

    def ordering(self, sorted_after: bool = False) -> UnaryExpression[object]:
        """Return the ORDER BY expression; rows without a value come last in both directions.

        With `sorted_after` no index can serve the order, because another index finds the few rows.
        """
        key = func.coalesce(self.column, self.column) if sorted_after else self.column
        ordered = key.desc() if self.descending else key.asc()
        return ordered.nulls_last() if self.nullable else ordered

    def position(self, value: object) -> str | int | None:
        return fold_text(value) if self.column.key != self.source else to_json(value)

    def same(self, bound: ColumnElement[object], is_null: bool) -> ColumnElement[bool]:
        return self.column.is_(None) if is_null else self.column == bound

    def later(self, bound: ColumnElement[object], is_null: bool) -> ColumnElement[bool]:
        if is_null:
            return false()
        later = self.column < bound if self.descending else self.column > bound
        return or_(later, self.column.is_(None)) if self.nullable else later


def rows_after(order: Sequence[SortKey], nulls: Sequence[bool]) -> ColumnElement[bool]:
    """Return the condition for rows after a position; `nulls` marks its keys without a value."""
    bounds = [bindparam(f"after_{index}", type_=key.column.type) for index, key in enumerate(order)]
    columns = tuple_(*(key.column for key in order))
    if any(key.nullable for key in order) or len({key.descending for key in order}) > 1:
        return step_by_step(order, bounds, nulls)
    return columns < tuple_(*bounds) if order[0].descending else columns > tuple_(*bounds)


def step_by_step(
    order: Sequence[SortKey], bounds: Sequence[ColumnElement[object]], nulls: Sequence[bool]
) -> ColumnElement[bool]:
    """Return `a > x OR a = x AND b < y OR …`, with a first condition that an index can serve."""
    steps: list[ColumnElement[bool]] = []
    so_far: list[ColumnElement[bool]] = []
    for key, bound, is_null in zip(order, bounds, nulls, strict=True):
        steps.append(and_(*so_far, key.later(bound, is_null)))
        so_far.append(key.same(bound, is_null))
    reachable = or_(so_far[0], order[0].later(bounds[0], nulls[0]))
    return and_(reachable, or_(*steps))


def position_of(row: object, order: Sequence[SortKey]) -> Key:
    """Return the sort values of a row as JSON values."""
    return tuple(key.position(getattr(row, key.source)) for key in order)


def position_values(order: Sequence[SortKey], after: Key) -> Mapping[str, object]:
    """Return the bind values of a position. Raises InvalidInput if it does not fit the order."""
    try:
        return {
            f"after_{index}": from_json(key.column.type.python_type, value)
            for index, (key, value) in enumerate(zip(order, after, strict=True))
        }
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
        message = "This cursor does not belong to this list."
        raise InvalidInput([FieldError("query.cursor", message, "cursor")]) from None


def to_json(value: object) -> str | int | None:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, int) else str(value)


def from_json(kind: type[Any], value: str | int | None) -> object:
    if value is None or isinstance(value, kind):
        return value
    if issubclass(kind, date):
        return kind.fromisoformat(str(value))
    return kind[str(value)] if issubclass(kind, Enum) else kind(value)
