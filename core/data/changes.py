"""Which tables a statement changes, or reads."""

from typing import Any

from sqlalchemy import Executable, Table, TextClause
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.visitors import iterate

from core.data.generations import ANY


def tables_changed_by(statement: Executable) -> set[str]:
    """Plain SQL text does not tell its tables: whatever may have changed is asked for again."""
    if isinstance(statement, UpdateBase):
        return {statement.table.name} if isinstance(statement.table, Table) else {ANY}
    return {ANY} if isinstance(statement, TextClause) else set()


def tables_in(element: Any) -> set[str]:
    return {each.name for each in iterate(element) if isinstance(each, Table)}
