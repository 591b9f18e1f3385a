"""Unique violations, translated into errors of a module."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from core.kernel.errors import ProblemError

Column = InstrumentedAttribute[object]


@contextmanager
def unique(columns: Column | Sequence[Column], taken: type[ProblemError]) -> Iterator[None]:
    """Raise `taken` if another row has the same values in these columns; pass other errors on.

    `columns` is one column, or several in the order of their unique constraint.

    ```python
    class TextTaken(Conflict):
        code = "notes.text_taken"
        title = "You have a note with this text already."

    with unique((Note.owner_id, Note.text), TextTaken):
        print("Here stands the INSERT or the UPDATE.")
    ```
    """
    every = [columns] if isinstance(columns, InstrumentedAttribute) else columns
    try:
        yield
    except IntegrityError as error:
        if is_about(every, str(error.orig).partition("\n")[0]):
            raise taken from error
        raise


def is_about(columns: Sequence[Column], reason: str) -> bool:
    """Return whether an error is about the unique constraint or the primary key of these columns.

    SQLite names the columns in it, and PostgreSQL the constraint, which follows `NAMING`.
    """
    table, names = columns[0].parent.local_table, [column.key for column in columns]
    listed = ", ".join(f"{table}.{name}" for name in names)
    is_key = names == [it.name for it in table.primary_key]
    constraint = f"pk_{table}" if is_key else f"uq_{table}_{'_'.join(names)}"
    return reason.endswith(f": {listed}") or f'"{constraint}"' in reason
