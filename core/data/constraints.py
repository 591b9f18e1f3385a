"""A constraint that was broken, said in the module's own words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from core.kernel.errors import ProblemError

Column = InstrumentedAttribute[Any]


@contextmanager
def unique(columns: Column | Sequence[Column], taken: type[ProblemError]) -> Iterator[None]:
    """Raise `taken` for values that another row has in these columns; pass every other error on."""
    every = [columns] if isinstance(columns, InstrumentedAttribute) else columns
    try:
        yield
    except IntegrityError as error:
        if is_about(every, str(error.orig).partition("\n")[0]):
            raise taken from error
        raise


def is_about(columns: Sequence[Column], reason: str) -> bool:
    """SQLite names the columns, and PostgreSQL the constraint, by our convention."""
    table, names = columns[0].parent.local_table, [each.key for each in columns]
    listed = ", ".join(f"{table}.{name}" for name in names)
    return reason.endswith(f": {listed}") or f'"uq_{table}_{"_".join(names)}"' in reason
