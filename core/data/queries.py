"""Lists: how their rows are sorted, searched, filtered, counted and read in parts."""

from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeVar

from sqlalchemy import Select, bindparam

from core.data.keyset import SortKey, position_of, position_values
from core.data.list_columns import ListColumns, invalid
from core.data.list_statements import ListStatements, Query
from core.data.listing_indexes import declare_indexes
from core.data.rows import select_rows
from core.data.search import SearchIndex, Way, search_values, way_to
from core.data.unions import Union
from core.engine.sql import NOTHING, ReadConnection, Values
from core.kernel.pages import PageRequest, Rows, default_order

T = TypeVar("T")

DEEP_OFFSET = 1000
"""From this row on a page has a statement of its own, because the rows before it are read too.

The first pages would share the lane of the deep ones, which are slow (ADR 0015).
"""


@dataclass(frozen=True, eq=False)
class Listing(ListColumns):
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

    indexes: bool = True
    """Declare an index for each order and filter that no index of the table serves yet."""
    _statements: ListStatements = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", self.default or default_order(self.keys))
        object.__setattr__(self, "_statements", ListStatements(self))
        if self.indexes:
            declare_indexes(self)

    async def page(
        self,
        reads: ReadConnection,
        query: Query[T],
        asked: PageRequest,
        values: Values = NOTHING,
    ) -> Rows[T]:
        """Return the requested part. Raises InvalidInput for an unknown sort key or filter."""
        order = self._statements.order(asked.sort or self.default)
        values = {**values, **{f"filter_{name}": it for name, it in asked.filters.items()}}
        way = None
        if asked.search:
            values |= (search := search_values(asked.search))
            way = await self._way(reads, search["search_text"] or "")
        found = self._statements.narrowed(query, asked, way)
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
        query: Query[T],
        order: tuple[SortKey, ...],
        asked: PageRequest,
        values: Values,
        way: Way | None,
    ) -> Rows[T]:
        if asked.by_cursor:
            return await self._by_cursor(reads, query, order, asked, values, way)
        is_deep = asked.offset >= DEEP_OFFSET
        statement = self._statements.ordered(query, order, None, way, is_deep)
        part = {"listing_limit": asked.per_page, "listing_offset": asked.offset}
        return Rows(await reads.all(statement, {**values, **part}), None, asked)

    async def _by_cursor(
        self,
        reads: ReadConnection,
        query: Query[T],
        order: tuple[SortKey, ...],
        asked: PageRequest,
        values: Values,
        way: Way | None,
    ) -> Rows[T]:
        """Return the rows after the cursor; one more row is read to see if the list continues."""
        nulls: tuple[bool, ...] = ()
        if asked.after is not None:
            values = {**values, **position_values(order, asked.after)}
            nulls = tuple(value is None for value in asked.after)
        statement = self._statements.ordered(query, order, nulls, way)
        values = {**values, "listing_limit": asked.per_page + 1}
        rows = await reads.all(statement, values)
        more = len(rows) > asked.per_page
        last = position_of(rows[asked.per_page - 1], order) if more else None
        return Rows(rows[: asked.per_page], None, asked, last)


@lru_cache(1000)
def rows_of(model: type[T], listing: Listing) -> Select[T]:
    """Return the query of a list that has all rows of a table with the values of its scope."""
    same = [column == bindparam(column.key) for column in listing.scope]
    return select_rows(model).where(*same)


def query_of(
    rows: type[T] | Select[T] | Union[T], listing: Listing, values: Values
) -> Select[T] | Union[T]:
    """Return the query, or that of the rows of a mapped class. Raises TypeError.

    The values of a mapped class must be those of the scope: another one would select nothing.
    """
    if isinstance(rows, Select | Union):
        return rows
    if values.keys() != (scope := {column.key for column in listing.scope}):
        names = ", ".join(scope) or "none"
        raise TypeError(f"A list of {rows.__name__} takes the values of its scope: {names}.")
    return rows_of(rows, listing)  # type: ignore[arg-type]  # a class is hashable


def whole_list(part: Rows[object]) -> int | None:
    """Return the total if this part itself shows that it is the last one, or None."""
    request, rows = part.request, len(part.items)
    if request.by_cursor:
        return rows if request.after is None and part.last is None else None
    if rows < request.per_page and (rows or request.offset == 0):
        return request.offset + rows
    return None
