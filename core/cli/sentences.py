"""What went wrong that the operator can mend, in one sentence; anything else is a bug of ours."""

from errno import EDQUOT, ENOSPC

import click

from config.settings import SettingsError
from core.data.errors import DatabaseBusy
from core.kernel.contributions import WiringError
from core.kernel.errors import InvalidInput, ProblemError
from core.kernel.loading import text_of

MISSING = ("no such table", "UndefinedTable")
DAMAGED = ("file is not a database", "disk image is malformed")
REFUSED = ("28", "3D")
"""The classes of PostgreSQL's SQLSTATE for a user or password, and for a database."""
DAMAGED_FILE = "The file of the database is damaged: put a backup in its place."


FULL_DISK = "The disk is full: make room, then start this again."


class CommandFailed(Exception):
    """A command's own refusal: one sentence that says what to do next."""


def as_sentence(error: Exception) -> str | None:
    if is_full_disk(error):
        return FULL_DISK
    if isinstance(error, DatabaseBusy):
        return "The database does not answer: start it, or mend DATABASE_URL."
    if isinstance(error, click.Abort):
        return "Stopped before it was done."
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, InvalidInput):
        return "; ".join(
            f"{it.location.removeprefix('body.')}: {it.message}" for it in error.errors
        )
    if isinstance(error, SettingsError | WiringError | ProblemError | CommandFailed):
        return str(error)
    if type(error).__name__ in (
        "MigrationError",
        "CommandError",
        "CannotListen",
    ):  # whose modules are heavy
        return str(error)
    return sentence_of_database(error)


def sentence_of_database(error: Exception) -> str | None:
    refusal = getattr(error, "orig", None)
    if str(getattr(refusal, "sqlstate", "")).startswith(REFUSED):
        return "The database refuses the user, the password or its name: mend DATABASE_URL."
    if any(each in str(refusal) for each in MISSING):
        return "The database lacks a table: run `atrium migrate`, then this again."
    if any(each in str(refusal) for each in DAMAGED):
        return DAMAGED_FILE
    return None


def is_full_disk(error: BaseException) -> bool:
    """Return whether the error comes from a full disk, by a file or by the database."""
    both = (error, error.__cause__)
    if any(isinstance(each, OSError) and each.errno in (ENOSPC, EDQUOT) for each in both):
        return True
    return any("database or disk is full" in text_of(each) for each in both if each)
