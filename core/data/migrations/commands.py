"""The commands for the migrations of a database; alembic is imported only where it is needed."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from core.data.migrations.connections import run
from core.data.migrations.revisions import Difference, History, MigrationError


def upgrade(url: str, histories: Sequence[History]) -> dict[str, list[str]]:
    """Apply the pending revisions of modules in this order, and return the applied ones."""
    from core.data.migrations.runner import walk_up

    def work(connection: Connection) -> dict[str, list[str]]:
        missing_in(connection, histories)  # raises before the first module is changed
        connection.rollback()
        return {history.module: walk_up(connection, history) for history in histories}

    return run(url, work, alone=True)


def downgrade(url: str, history: History, to: str = "base") -> list[str]:
    """Roll back one module; first roll back the modules that refer to its tables."""
    from core.data.migrations.runner import walk_down

    return run(url, lambda connection: walk_down(connection, history, to), alone=True)


def current(url: str, histories: Sequence[History]) -> dict[str, str | None]:
    """Return the current revision of each module, or None before its first revision."""
    return run(url, lambda connection: positions(connection, histories))


def pending(url: str, histories: Sequence[History]) -> dict[str, list[str]]:
    """Return the pending revisions by module; empty if the database is up to date."""
    missing = run(url, lambda connection: missing_in(connection, histories))
    return {module: revisions for module, revisions in missing.items() if revisions}


def check(url: str, histories: Sequence[History]) -> dict[str, list[Difference]]:
    """Return the differences of models and tables by module; no revision may be pending."""
    from core.data.migrations.comparing import differences

    return run(url, lambda connection: differences(connection, histories))


def revision(url: str, history: History, message: str) -> Path:
    """Write the next revision of a module, from the differences of its models and tables.

    Raises MigrationError if a revision is pending or the file exists.
    """
    from core.data.migrations.runner import write_revision

    def work(connection: Connection) -> Path:
        if missing := missing_in(connection, [history])[history.module]:
            raise MigrationError(
                f"The revision {missing[0]} is not applied: run `atrium migrate` first."
            )
        return write_revision(connection, history, message)

    return run(url, work)


def missing_in(connection: Connection, histories: Sequence[History]) -> dict[str, list[str]]:
    """Return the pending revisions by module.

    Raises MigrationError if the database is newer than the code.
    """
    at = positions(connection, histories)
    return {history.module: history.missing(at[history.module]) for history in histories}


def positions(connection: Connection, histories: Sequence[History]) -> dict[str, str | None]:
    tables = set(inspect(connection).get_table_names())
    return {
        it.module: connection.scalar(text(f"SELECT version_num FROM {it.version_table}"))  # noqa: S608
        if it.version_table in tables
        else None
        for it in histories
    }
