"""INSERT … ON CONFLICT, which SQLAlchemy has in the dialects of both databases."""

from importlib import import_module
from typing import Any

from sqlalchemy import Dialect


def insert_for(dialect: Dialect) -> Any:  # Any: the dialects have no Insert in common
    """Return the dialect's `insert` with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return import_module(f"sqlalchemy.dialects.{dialect.name}").insert
