"""The indexes of lists: a list declares those that its orders and filters need."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Index, String, Table, UniqueConstraint
from sqlalchemy.orm import InstrumentedAttribute

from core.data.folded import folded_copy
from core.data.list_columns import ListColumns

Column = InstrumentedAttribute[object]


def declare_indexes(listing: ListColumns) -> None:
    """Add the indexes that the list needs and its table does not have, named by convention.

    A list of a module adds none to a table of core, whose migrations are not the module's.
    """
    *keys, unique = listing.sort
    if not isinstance(unique, InstrumentedAttribute) or is_of_core(unique):
        return
    table = table_of_column(unique)
    own = [it for it in keys if is_of(table, it) and problem_of(it) is None]
    scope = [column.key for column in listing.scope]
    for key in own:
        declare(table, scope, order_of(listing, key))
    if not listing.scope and own:
        for column in filters_of(listing).values():
            if is_of(table, column) and not serves(table, [], (column.key,)):
                declare(table, [column.key], order_of(listing, own[0]))


def declare(table: Table, first: Sequence[str], order: Sequence[str]) -> None:
    """Add an index, unless one serves the order or a partial one has its columns and its name."""
    names = [*first, *order]
    taken = [[column.key for column in index.columns] for index in table.indexes]
    if not serves(table, first, order) and names not in taken:
        Index(None, *(table.c[name] for name in names))


def order_of(listing: ListColumns, key: Column) -> tuple[str, ...]:
    """Return the columns that sort by this key, without those that the scope makes equal."""
    scope = {column.key for column in listing.scope}
    copy = folded_copy(key)
    names = (key.key if copy is None else copy.key, listing.sort[-1].key)
    return tuple(name for name in names if name not in scope)


def missing_indexes(listing: ListColumns) -> Iterator[str]:
    """Yield a sentence for each sort key and filter that no index serves."""
    scope = [column.key for column in listing.scope]
    for key in listing.sort[:-1]:
        if problem := problem_of(key):
            yield f"the sort key {key.key} {problem}"
        elif not serves(table_of_column(key), scope, order := order_of(listing, key)):
            needed = ", ".join([*sorted(scope), *order])
            yield f"the sort key {key.key} needs an index of {needed}"
    if scope:
        return
    for name, column in filters_of(listing).items():
        if not serves(table_of_column(column), scope, (column.key,)):
            yield f"the filter {name} needs an index that begins with {column.key}"


def filters_of(listing: ListColumns) -> Mapping[str, Column]:
    """Return the filters by a column of a table."""
    columns = {**listing.filter_columns, **listing.range_columns}
    return {name: it for name, it in columns.items() if isinstance(it, InstrumentedAttribute)}


def problem_of(key: Column) -> str | None:
    """Return why no index can serve the order of a column, or None."""
    if isinstance(key.type, String) and folded_copy(key) is None:
        return "is a text: give it a folded copy"
    if getattr(key.expression, "nullable", False):
        return "may be null, and no index sorts nulls last"
    return None


def is_of_core(column: Column) -> bool:
    return column.parent.class_.__module__.startswith("core.")


def is_of(table: Table, column: Column) -> bool:
    return isinstance(column, InstrumentedAttribute) and table_of_column(column) is table


def table_of_column(column: Column) -> Table:
    table = column.parent.local_table
    assert isinstance(table, Table)  # noqa: S101 (a mapped class has one)
    return table


def serves(table: Table, scope: Sequence[str], order: Sequence[str]) -> bool:
    """Return whether an index begins with the columns of the scope, followed by the order."""
    start, end = len(scope), len(scope) + len(order)
    return any(
        {*index[:start]} == {*scope} and index[start:end] == tuple(order)
        for index in indexes_of(table)
    )


def indexes_of(table: Table) -> Iterator[tuple[str, ...]]:
    """Yield the columns of each index that is not partial."""
    for index in table.indexes:
        if not any(name.endswith("_where") for name in index.dialect_kwargs):  # loads no dialect
            yield tuple(column.key for column in index.columns)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield tuple(column.key for column in constraint.columns)
    yield tuple(column.key for column in table.primary_key.columns)
