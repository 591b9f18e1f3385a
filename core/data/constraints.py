"""A constraint that was broken, said in the module's own words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from core.kernel.errors import ProblemError


@contextmanager
def unique(column: InstrumentedAttribute[Any], taken: type[ProblemError]) -> Iterator[None]:
    """Say `taken` when the value of `column` is; let every other error pass."""
    table, name = column.parent.local_table, column.key
    try:
        yield
    except IntegrityError as error:
        reason = str(error.orig).partition("\n")[0]
        if f"{table}.{name}" in reason.split() or f"uq_{table}_{name}" in reason.split('"'):
            raise taken from error
        raise
