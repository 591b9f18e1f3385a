"""Queries of typed rows, for `db.read()`."""

from typing import TypeVar, cast

from sqlalchemy import Select, select
from sqlalchemy.orm import DeclarativeBase

from core.data.folded import own_columns

T = TypeVar("T")


def select_rows(kind: type[T], *columns: object) -> Select[T]:
    """Return a query whose rows have the attributes of `kind`, a mapped class or a NamedTuple.

    `select_rows(Note)` selects all columns of a mapped class, and `select_rows(Note, Note.title)`
    some of them. The columns of a NamedTuple are given in the order of its fields. A row is
    SQLAlchemy's `Row`: it costs less than an object of the class, belongs to no session and cannot
    be changed.

    ```python
    OF_OWNER = select_rows(Note).where(Note.owner_id == bindparam("owner"))
    async with db.read() as reads:
        notes = await reads.all(OF_OWNER, {"owner": owner.id})
    assert notes == []
    ```
    """
    query = select(*(columns or own_columns(cast("type[DeclarativeBase]", kind))))
    names = [str(column.key) for column in query.selected_columns]
    fields: tuple[str, ...] | None = getattr(kind, "_fields", None)
    known = names if all(hasattr(kind, name) for name in names) else None
    if names != (known if fields is None else [*fields]):
        raise TypeError(f"{kind.__name__} has other attributes than {', '.join(names)}.")
    return cast("Select[T]", query)
