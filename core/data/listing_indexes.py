"""A check for sort keys and filters of a list that have no index in the models."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import String, Table, UniqueConstraint
from sqlalchemy.orm import InstrumentedAttribute

from core.data.folded import order_column
from core.data.queries import Listing


def missing_indexes(listing: Listing) -> Iterator[str]:
    """Yield a sentence for each sort key and filter that no index serves."""
    scope = {column.key for column in listing.scope}
    *keys, unique = listing.sort
    for key in keys:
        if isinstance(key.type, String) and order_column(key) is key:
            yield f"the sort key {key.key} is a text: give it a folded copy"
        elif getattr(key.expression, "nullable", False):
            yield f"the sort key {key.key} may be null, and no index sorts nulls last"
        elif not serves(table_of(key), scope, (order_column(key).key, unique.key)):
            needed = ", ".join([*sorted(scope), order_column(key).key, unique.key])
            yield f"the sort key {key.key} needs an index of {needed}"
    if scope:
        return
    for name, column in {**listing.filter_columns, **listing.range_columns}.items():
        is_mapped = isinstance(column, InstrumentedAttribute)
        if is_mapped and not serves(table_of(column), scope, (column.key,)):
            yield f"the filter {name} needs an index that begins with {column.key}"


def table_of(column: InstrumentedAttribute[Any]) -> Table:
    table = column.parent.local_table
    assert isinstance(table, Table)  # noqa: S101 (a mapped class has one)
    return table


def serves(table: Table, scope: set[str], order: tuple[str, ...]) -> bool:
    """Return whether an index begins with the columns of the scope, followed by the order."""
    end = len(scope) + len(order)
    return any(
        set(index[: len(scope)]) == scope and index[len(scope) : end] == order
        for index in indexes_of(table)
    )


def indexes_of(table: Table) -> Iterator[tuple[str, ...]]:
    """Yield the columns of each index that is not partial."""
    for index in table.indexes:
        if not any(index.dialect_kwargs.get(f"{it}_where") is not None for it in DIALECTS):
            yield tuple(column.key for column in index.columns)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield tuple(column.key for column in constraint.columns)
    yield tuple(column.key for column in table.primary_key.columns)


DIALECTS = ("sqlite", "postgresql")
