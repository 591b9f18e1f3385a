"""The columns of a list: by which of them it is sorted, searched and filtered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import ge, gt, le, lt
from typing import Any

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from core.data.folded import order_column
from core.data.keyset import SortKey
from core.data.search import SearchIndex
from core.kernel.errors import FieldError, InvalidInput
from core.kernel.messages import ParameterValue
from core.kernel.uncopied import Uncopied

Columns = Sequence[InstrumentedAttribute[object]]

FilterColumn = InstrumentedAttribute[object] | ColumnElement[str]
"""The column of a filter, or an expression of text."""

COMPARISONS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "gte": ge,
    "gt": gt,
    "lte": le,
    "lt": lt,
}
ALWAYS_RANGES = ("created_at", "at")
"""Sort keys that every list offers as ranges too."""


@dataclass(frozen=True, eq=False)
class ListColumns(Uncopied):
    """The columns by which a list is sorted, searched and filtered, and the order by default."""

    sort: Columns
    """The columns that clients may sort by; the last is the unique id, which breaks ties."""
    search: SearchIndex | Columns = ()
    """The columns in which `search` looks, or their index."""
    filters: Mapping[str, FilterColumn] | Columns = ()
    """Columns that parameters compare for equality; a mapping gives the parameters other names."""
    ranges: Columns = ()
    """Columns that `<name>_gte`, `_gt`, `_lte` and `_lt` compare, as with `created_at` and `at`."""
    scope: Columns = ()
    """The columns that every query compares for equality, such as the owner; indexes begin so."""
    searchable: ColumnElement[bool] | None = None
    """A condition that every row with a searched text meets: the index alone counts a search."""
    default: str = ""
    """The order without `sort=`: `-created_at`, or else the first sort key."""

    @property
    def keys(self) -> list[str]:
        return [column.key for column in self.sort]

    @property
    def filter_columns(self) -> Mapping[str, FilterColumn]:
        if isinstance(self.filters, Mapping):
            return self.filters
        return {column.key: column for column in self.filters}

    @cached_property
    def range_columns(self) -> Mapping[str, InstrumentedAttribute[object]]:
        """The column of each range parameter, such as `created_at_gte`."""
        own = {column.key: column for column in self.sort if column.key in ALWAYS_RANGES}
        columns = own | {column.key: column for column in self.ranges}
        return {f"{name}_{end}": column for name, column in columns.items() for end in COMPARISONS}

    def order(self, sort: str) -> tuple[SortKey, ...]:
        """Return the sort keys of a text such as `-created_at,title`, and the id.

        The id has the direction of the last key, so that one index serves the whole order.
        """
        wanted = sort.split(",")
        names = [key.removeprefix("-") for key in wanted]
        if unknown := [name for name in names if name not in self.keys]:
            message = "{key} is not a sort key: sort by {allowed}."
            raise invalid("sort", message, key=f"{unknown[0]!r:.40}", allowed=self.keys)
        if len(set(names)) < len(names):
            raise invalid("sort", "Name each sort key once.")
        if self.keys[-1] not in names:
            wanted.append(("-" if wanted[-1].startswith("-") else "") + self.keys[-1])
        return tuple(self._sort_key(key) for key in wanted)

    def _sort_key(self, key: str) -> SortKey:
        column = self.sort[self.keys.index(key.removeprefix("-"))]
        return SortKey(order_column(column), key.startswith("-"), column.key)

    def condition(self, name: str) -> ColumnElement[bool]:
        if (column := self.filter_columns.get(name)) is not None:
            return column == bindparam(f"filter_{name}")
        if (column := self.range_columns.get(name)) is not None:
            compare = COMPARISONS[name.rpartition("_")[2]]
            return compare(column, bindparam(f"filter_{name}", type_=column.type))
        raise invalid(name, "This list has no such filter.")


def invalid(parameter: str, message: str, **parameters: ParameterValue) -> InvalidInput:
    return InvalidInput([FieldError(f"query.{parameter}", message, parameter, parameters)])
