"""The tables that a statement changes or reads."""

from collections.abc import Iterator
from functools import lru_cache

from sqlalchemy import Delete, Executable, Select, Table, TextClause
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.visitors import iterate

from core.engine.sql.cache_versions import ANY


def tables_changed_by(statement: Executable) -> set[str]:
    """Return the tables of an INSERT, UPDATE or DELETE, and ANY for plain SQL text.

    A DELETE also changes the tables that its foreign keys reach in the database.
    """
    if isinstance(statement, UpdateBase):
        if not isinstance(statement.table, Table):
            return {ANY}
        if isinstance(statement, Delete):
            return {*changed_by_delete(statement.table, len(statement.table.metadata.tables))}
        return {statement.table.name}
    return {ANY} if isinstance(statement, TextClause) else set()


@lru_cache(1000)
def changed_by_delete(table: Table, tables: int) -> frozenset[str]:
    """Return the table and the tables that `ON DELETE` changes.

    `tables` is the number of tables in the metadata, so that the cache notices new ones.
    """
    deleted, changed = [table.name], {table.name}
    for parent in deleted:
        for name, action in references_to(table.metadata.tables[parent]):
            changed.add(name)
            if action == "CASCADE" and name not in deleted:
                deleted.append(name)
    return frozenset(changed)


def references_to(table: Table) -> Iterator[tuple[str, str]]:
    """Yield each table whose rows change when rows of this table are deleted, and the action."""
    for other in table.metadata.tables.values():
        for key in other.foreign_key_constraints:
            action = (key.ondelete or "").upper()
            if key.referred_table.key == table.key and action in (
                "CASCADE",
                "SET NULL",
                "SET DEFAULT",
            ):
                yield other.name, action


def tables_in(query: Select[object]) -> set[str]:
    return {part.name for part in iterate(query) if isinstance(part, Table)}
