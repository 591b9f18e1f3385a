"""INSERT … ON CONFLICT: both databases have it, and SQLAlchemy has it in each one's dialect."""

from importlib import import_module
from typing import Any

from sqlalchemy import Dialect


def insert_for(dialect: Dialect) -> Any:
    """Its own `insert`, which has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return import_module(f"sqlalchemy.dialects.{dialect.name}").insert
