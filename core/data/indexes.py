"""Partial indexes: they are small, and the database never prefers them where they do not help."""

from sqlalchemy import Index, MetaData, TextClause, event


class PartialIndex(Index):
    """An index of the rows that meet a condition, on both databases.

    ```python
    index = PartialIndex("ix_notes_pinned", "created_at", where=text("pinned"))
    ```
    """

    def __init__(self, name: str, *columns: str, where: TextClause) -> None:
        super().__init__(name, *columns, sqlite_where=where)
        self.where = where


@event.listens_for(MetaData, "before_create")
def complete(metadata: MetaData, *_: object, **__: object) -> None:
    """Set the condition for PostgreSQL too; it is set late, because it loads that dialect."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if isinstance(index, PartialIndex):
                index.dialect_kwargs["postgresql_where"] = index.where
