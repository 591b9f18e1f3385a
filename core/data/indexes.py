"""Indexes of some rows only: smaller, and never preferred where they would not help."""

from typing import Any

from sqlalchemy import Index, MetaData, TextClause, event


class PartialIndex(Index):
    """`PartialIndex("ix_notes_pinned", "created_at", where=text("pinned"))`."""

    def __init__(self, name: str, *columns: str, where: TextClause) -> None:
        super().__init__(name, *columns, sqlite_where=where)
        self.where = where


@event.listens_for(MetaData, "before_create")
def complete(metadata: MetaData, *_: Any, **__: Any) -> None:
    """Say it of PostgreSQL too; whoever names it loads all of its dialect, so it comes late."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if isinstance(index, PartialIndex):
                index.dialect_kwargs["postgresql_where"] = index.where
