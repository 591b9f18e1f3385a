"""One sentence for each error that the operator can fix; any other error is a bug."""

from errno import EDQUOT, ENOSPC

import click

from config.settings import SettingsError
from core.engine.sql import DatabaseBusy
from core.kernel.contributions import WiringError
from core.kernel.errors import InvalidInput, ProblemError
from core.kernel.loading import text_of

MISSING = ("no such table", "UndefinedTable")
DAMAGED = ("file is not a database", "disk image is malformed")
REFUSED = ("28", "3D")
"""The SQLSTATE classes of PostgreSQL for a wrong user or password, and a missing database."""
DAMAGED_FILE = "The database file is damaged: restore it from a backup."
FULL_DISK = "The disk is full: free some space, then run this again."


class CommandFailed(Exception):
    """An error that a command raises, with one sentence that says what to do next."""


def as_sentence(error: Exception) -> str | None:
    if is_full_disk(error):
        return FULL_DISK
    if isinstance(error, DatabaseBusy):
        return "The database does not respond: start it, or correct DATABASE_URL."
    if isinstance(error, click.Abort):
        return "The command was stopped before its end."
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, InvalidInput):
        return "; ".join(f"{it.location.removeprefix('body.')}: {it.text}" for it in error.errors)
    if isinstance(error, SettingsError | WiringError | ProblemError | CommandFailed):
        return str(error)
    if type(error).__name__ in (
        "MigrationError",
        "CommandError",
        "CannotListen",
    ):  # by name, because their modules are slow to import
        return str(error)
    return sentence_of_database(error)


def sentence_of_database(error: Exception) -> str | None:
    refusal = getattr(error, "orig", None)
    if str(getattr(refusal, "sqlstate", "")).startswith(REFUSED):
        return "PostgreSQL refuses the user, the password or the database: correct DATABASE_URL."
    if any(text in str(refusal) for text in MISSING):
        return "A table is missing: run `atrium migrate`, then run this again."
    if any(text in str(refusal) for text in DAMAGED):
        return DAMAGED_FILE
    return None


def is_full_disk(error: BaseException) -> bool:
    """Return whether a full disk caused the error, for a file or for the database."""
    both = (error, error.__cause__)
    if any(isinstance(it, OSError) and it.errno in (ENOSPC, EDQUOT) for it in both):
        return True
    return any("database or disk is full" in text_of(it) for it in both if it)
