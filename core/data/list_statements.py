"""The statements of a list, each built once for its combination of order, search and filters."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select

from core.data.keyset import SortKey, rows_after
from core.data.list_columns import ListColumns
from core.data.search import SearchIndex, Way, all_matches, found_in
from core.data.unions import Union, in_order
from core.engine.sql import Count
from core.kernel.lru_dict import LruDict
from core.kernel.pages import PageRequest

T = TypeVar("T")
Query = Select[T] | Union[T]


@dataclass(frozen=True, slots=True, eq=False)
class Found(Generic[T]):
    """A query with the conditions of one combination of search and filters."""

    query: Query[T]
    count: Count


class ListStatements:
    """The kept statements of one list."""

    def __init__(self, columns: ListColumns) -> None:
        self._columns = columns
        self.order = lru_cache(200)(columns.order)
        # Any: the rows are those of the query in the key
        self._found: LruDict[object, Found[Any]] = LruDict(200)
        self._statements: LruDict[object, Select[Any]] = LruDict(400)

    def narrowed(self, query: Query[T], asked: PageRequest, way: Way | None) -> Found[T]:
        """Return the filtered query, built once per query, way of search and set of filters."""
        key = query, way, frozenset(asked.filters)
        if known := self._found.get(key):
            return known
        narrowed = query
        for name in asked.filters:
            narrowed = narrowed.where(self._columns.condition(name))
        if way:
            narrowed = narrowed.where(found_in(self._columns.search, way))
        found = Found(narrowed, self._count(query, narrowed, asked, way))
        self._found.put(key, found)
        return found

    def _count(
        self, query: Query[T], narrowed: Query[T], asked: PageRequest, way: Way | None
    ) -> Count:
        """Return the count; a search in the whole table is counted without the query."""
        if isinstance(narrowed, Union):
            return Count(narrowed.all())
        if isinstance(query, Union) or asked.filters or not self._is_whole(query.whereclause):
            return Count(narrowed)
        if isinstance(self._columns.search, SearchIndex) and way:
            [table, *others] = query.get_final_froms()
            if table is self._columns.search.key.table and not others:
                return all_matches(self._columns.search, way)
        return Count(narrowed)

    def _is_whole(self, condition: ColumnElement[bool] | None) -> bool:
        if condition is None or self._columns.searchable is None:
            return condition is None
        return condition.compare(self._columns.searchable)

    def ordered(
        self,
        query: Query[T],
        order: tuple[SortKey, ...],
        nulls: tuple[bool, ...] | None,
        way: Way | None,
        is_deep: bool = False,
    ) -> Select[T]:
        """Return the sorted statement, built once per query, order and kind of position.

        `nulls` is None for offset pagination, and empty for the first part by cursor.
        """
        key = query, order, nulls, is_deep
        if (known := self._statements.get(key)) is not None:
            return known
        after = rows_after(order, nulls) if nulls else None
        ordered = in_order(query, order, after, nulls is None, sorted_after=way is Way.look_up)
        self._statements.put(key, ordered)
        return ordered
