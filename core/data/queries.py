"""Lists: how their rows are sorted, searched, filtered, counted and read in parts."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from operator import ge, gt, le, lt
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from core.data.folded import order_column
from core.data.keyset import SortKey, position_of, position_values, rows_after
from core.data.listing_indexes import declare_indexes
from core.data.rows import select_rows
from core.data.search import SearchIndex, Way, all_matches, found_in, search_values, way_to
from core.data.unions import Union, in_order
from core.engine.sql import NOTHING, Count, ReadConnection, Values
from core.kernel.errors import FieldError, InvalidInput
from core.kernel.lru_dict import LruDict
from core.kernel.messages import ParameterValue
from core.kernel.pages import PageRequest, Rows, default_order
from core.kernel.uncopied import Uncopied

T = TypeVar("T")
Columns = Sequence[InstrumentedAttribute[object]]
Query = Select[T] | Union[T]

COMPARISONS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "gte": ge,
    "gt": gt,
    "lte": le,
    "lt": lt,
}
ALWAYS_RANGES = ("created_at", "at")
"""Sort keys that every list offers as ranges too."""

DEEP_OFFSET = 1000
"""From this row on a page has a statement of its own, because the rows before it are read too.

The first pages would share the lane of the deep ones, which are slow (ADR 0015).
"""

BATCH = 100  # rows: few enough to be serialized between two other requests


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A query with the conditions of one combination of search and filters."""

    query: Query[Any]
    count: Count


@dataclass(frozen=True, eq=False)
class Listing(Uncopied):
    """The definition of how a list is sorted, searched and filtered, for queries and OpenAPI.

    Create the query once, because its statements are kept by its identity. It must select the
    columns of `sort`. The table gets the indexes that the list needs and does not have.

    ```python
    TASKS = Listing(
        sort=(Note.created_at, Note.id),
        search=(Note.text,),
        ranges=(Note.updated_at,),
        scope=(Note.owner_id,),
    )
    ALL_OF_OWNER = select(Note).where(Note.owner_id == bindparam("owner"))
    assert TASKS.default == "-created_at"
    ```
    """

    sort: Columns
    """The columns that clients may sort by; the last is the unique id, which breaks ties."""
    search: SearchIndex | Columns = ()
    """The columns in which `search` looks, or their index."""
    filters: Mapping[str, InstrumentedAttribute[object]] | Columns = ()
    """Columns that parameters compare for equality; a mapping gives the parameters other names."""
    ranges: Columns = ()
    """Columns that `<name>_gte`, `_gt`, `_lte` and `_lt` compare, as with `created_at` and `at`."""
    scope: Columns = ()
    """The columns that every query compares for equality, such as the owner; indexes begin so."""
    searchable: ColumnElement[bool] | None = None
    """A condition that every row with a searched text meets: the index alone counts a search."""
    default: str = ""
    """The order without `sort=`: `-created_at`, or else the first sort key."""
    indexes: bool = True
    """Declare an index for each order and filter that no index of the table serves yet."""
    _found: LruDict[object, Found] = field(default_factory=lambda: LruDict(200), init=False)
    _orders: LruDict[str, tuple[SortKey, ...]] = field(
        default_factory=lambda: LruDict(200), init=False
    )
    _statements: LruDict[object, Select[Any]] = field(
        default_factory=lambda: LruDict(400), init=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", self.default or default_order(self.keys))
        if self.indexes:
            declare_indexes(self)

    @property
    def keys(self) -> list[str]:
        return [column.key for column in self.sort]

    @property
    def filter_columns(self) -> Mapping[str, InstrumentedAttribute[object]]:
        if isinstance(self.filters, Mapping):
            return self.filters
        return {column.key: column for column in self.filters}

    @cached_property
    def range_columns(self) -> Mapping[str, InstrumentedAttribute[object]]:
        """The column of each range parameter, such as `created_at_gte`."""
        own = {column.key: column for column in self.sort if column.key in ALWAYS_RANGES}
        columns = own | {column.key: column for column in self.ranges}
        return {f"{name}_{end}": column for name, column in columns.items() for end in COMPARISONS}

    async def page(
        self,
        reads: ReadConnection,
        query: Query[T],
        asked: PageRequest,
        values: Values = NOTHING,
    ) -> Rows[T]:
        """Return the requested part. Raises InvalidInput for an unknown sort key or filter."""
        order = self._order_of(asked.sort or self.default)
        values = {**values, **{f"filter_{name}": it for name, it in asked.filters.items()}}
        way = None
        if asked.search:
            values |= (search := search_values(asked.search))
            way = await self._way(reads, search["search_text"] or "")
        found = self._narrowed(query, asked, way)
        rows = partial(self._rows, reads, found.query, order, asked, values, way)
        if asked.by_cursor and not asked.with_total:
            return await rows()
        total = partial(reads.total, found.count, values)
        if way is None:
            return (await rows()).with_total(await total())
        if way is Way.look_up:
            part = await rows()
            whole = whole_list(part)
            return part.with_total(await total() if whole is None else whole)
        counted, part = await reads.both(total, rows)
        return part.with_total(counted)

    async def _way(self, reads: ReadConnection, text: str) -> Way:
        if not self.search:
            raise invalid("search", "This list has no search.")
        if not isinstance(self.search, SearchIndex):
            return Way.walk
        return way_to(text, await reads.sample(self.search.sample))

    async def _rows(
        self,
        reads: ReadConnection,
        query: Query[Any],
        order: tuple[SortKey, ...],
        asked: PageRequest,
        values: Values,
        way: Way | None,
    ) -> Rows[Any]:
        if asked.by_cursor:
            return await self._by_cursor(reads, query, order, asked, values, way)
        is_deep = asked.offset >= DEEP_OFFSET
        statement = self._statement(query, order, None, way, is_deep)
        part = {"listing_limit": asked.per_page, "listing_offset": asked.offset}
        return Rows((await reads.execute(statement, {**values, **part})).all(), None, asked)

    async def batches(
        self, reads: ReadConnection, query: Query[T], values: Values = NOTHING
    ) -> AsyncIterator[Sequence[T]]:
        """Yield all rows of `query` in the default order, in batches that are read one by one.

        A row that is added or removed meanwhile may be missing; no other row is.
        """
        asked = PageRequest(per_page=BATCH, by_cursor=True, with_total=False)
        rows = await self.page(reads, query, asked, values)
        yield rows.items
        while rows.last:
            rows = await self.page(reads, query, replace(asked, after=rows.last), values)
            yield rows.items

    async def _by_cursor(
        self,
        reads: ReadConnection,
        query: Query[Any],
        order: tuple[SortKey, ...],
        asked: PageRequest,
        values: Values,
        way: Way | None,
    ) -> Rows[Any]:
        """Return the rows after the cursor; one more row is read to see if the list continues."""
        nulls: tuple[bool, ...] = ()
        if asked.after is not None:
            values = {**values, **position_values(order, asked.after)}
            nulls = tuple(value is None for value in asked.after)
        statement = self._statement(query, order, nulls, way)
        values = {**values, "listing_limit": asked.per_page + 1}
        rows = (await reads.execute(statement, values)).all()
        more = len(rows) > asked.per_page
        last = position_of(rows[asked.per_page - 1], order) if more else None
        return Rows(rows[: asked.per_page], None, asked, last)

    def _narrowed(self, query: Query[Any], asked: PageRequest, way: Way | None) -> Found:
        """Return the filtered query, built once per query, way of search and set of filters."""
        key = query, way, frozenset(asked.filters)
        if known := self._found.get(key):
            return known
        narrowed = query
        for name in asked.filters:
            narrowed = narrowed.where(self._filter(name))
        if way:
            narrowed = narrowed.where(found_in(self.search, way))
        found = Found(narrowed, self._count(query, narrowed, asked, way))
        self._found.put(key, found)
        return found

    def _count(
        self, query: Query[Any], narrowed: Query[Any], asked: PageRequest, way: Way | None
    ) -> Count:
        """Return the count; a search in the whole table is counted without the query."""
        if isinstance(narrowed, Union):
            return Count(narrowed.all())
        if isinstance(query, Union) or asked.filters or not self._is_whole(query.whereclause):
            return Count(narrowed)
        if isinstance(self.search, SearchIndex) and way:
            [table, *others] = query.get_final_froms()
            if table is self.search.key.table and not others:
                return all_matches(self.search, way)
        return Count(narrowed)

    def _is_whole(self, condition: ColumnElement[bool] | None) -> bool:
        if condition is None or self.searchable is None:
            return condition is None
        return condition.compare(self.searchable)

    def _statement(
        self,
        query: Query[Any],
        order: tuple[SortKey, ...],
        nulls: tuple[bool, ...] | None,
        way: Way | None,
        is_deep: bool = False,
    ) -> Select[Any]:
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

    def _order_of(self, sort: str) -> tuple[SortKey, ...]:
        """Return the sort keys of an order, built once for each order."""
        if (known := self._orders.get(sort)) is not None:
            return known
        order = self._order(sort)
        self._orders.put(sort, order)
        return order

    def _order(self, sort: str) -> tuple[SortKey, ...]:
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

    def _filter(self, name: str) -> ColumnElement[bool]:
        if (column := self.filter_columns.get(name)) is not None:
            return column == bindparam(f"filter_{name}")
        if (column := self.range_columns.get(name)) is not None:
            compare = COMPARISONS[name.rpartition("_")[2]]
            return compare(column, bindparam(f"filter_{name}", type_=column.type))
        raise invalid(name, "This list has no such filter.")


@lru_cache(1000)
def rows_of(model: type[T], listing: Listing) -> Select[T]:
    """Return the query of a list that has all rows of a table with the values of its scope."""
    same = [column == bindparam(column.key) for column in listing.scope]
    return select_rows(model).where(*same)


def query_of(rows: type[T] | Select[T] | Union[T], listing: Listing) -> Select[T] | Union[T]:
    """Return the query, or that of the rows of a mapped class."""
    if isinstance(rows, Select | Union):
        return rows
    return rows_of(rows, listing)  # type: ignore[arg-type]  # a class is hashable


def whole_list(part: Rows[Any]) -> int | None:
    """Return the total if this part itself shows that it is the last one, or None."""
    request, rows = part.request, len(part.items)
    if request.by_cursor:
        return rows if request.after is None and part.last is None else None
    if rows < request.per_page and (rows or request.offset == 0):
        return request.offset + rows
    return None


def invalid(parameter: str, message: str, **parameters: ParameterValue) -> InvalidInput:
    return InvalidInput([FieldError(f"query.{parameter}", message, parameter, parameters)])
