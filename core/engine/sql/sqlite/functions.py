"""The functions that triggers and searches on SQLite call."""

from typing import Any

from core.kernel.folding import fold


def add_functions(connection: Any) -> None:
    """Add the functions to a connection."""
    connection.create_function("search_fold", 1, fold_or_null, deterministic=True)


def fold_or_null(text: str | None) -> str | None:
    return None if text is None else fold(text)
