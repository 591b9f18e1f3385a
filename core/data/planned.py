"""Frequent statements of transactions, compiled once for each dialect."""

from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable

from core.data.folded import unfolded_texts
from core.engine.sql import CompiledStatement, compile_statement, tables_changed_by


class PlannedStatement(NamedTuple):
    plan: CompiledStatement | None
    """None if only SQLAlchemy can execute the statement."""
    tables: set[str]
    """The tables that the statement changes."""


_known: WeakKeyDictionary[Executable, dict[str, PlannedStatement]] = WeakKeyDictionary()


def planned(statement: Executable, dialect: Dialect) -> PlannedStatement:
    """Return the plan of a statement; an UPDATE that lacks folded copies is left to SQLAlchemy."""
    by_dialect = _known.setdefault(statement, {})
    if dialect.name not in by_dialect:
        plan = None if unfolded_texts(statement) else compile_statement(statement, dialect)
        by_dialect[dialect.name] = PlannedStatement(plan, tables_changed_by(statement))
    return by_dialect[dialect.name]
