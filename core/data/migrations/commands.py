"""What can be done to the histories of a database; alembic is imported where it is needed."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from core.data.migrations.connections import run
from core.data.migrations.revisions import Difference, History, MigrationError


def upgrade(url: str, histories: Sequence[History]) -> dict[str, list[str]]:
    """Take whatever revisions are missing, in this order; says which this call took."""
    from core.data.migrations.runner import walk_up

    def work(connection: Connection) -> dict[str, list[str]]:
        missing_in(connection, histories)  # refuses before the first is touched
        connection.rollback()
        return {each.module: walk_up(connection, each) for each in histories}

    return run(url, work, alone=True)


def downgrade(url: str, history: History, to: str = "base") -> list[str]:
    """Walk one module back; what refers to its tables has to go first."""
    from core.data.migrations.runner import walk_down

    return run(url, lambda connection: walk_down(connection, history, to), alone=True)


def current(url: str, histories: Sequence[History]) -> dict[str, str | None]:
    """Where each module stands; None before its first revision."""
    return run(url, lambda connection: positions(connection, histories))


def pending(url: str, histories: Sequence[History]) -> dict[str, list[str]]:
    """The revisions that are missing, by module; empty when the database is where the code is."""
    missing = run(url, lambda connection: missing_in(connection, histories))
    return {module: revisions for module, revisions in missing.items() if revisions}


def check(url: str, histories: Sequence[History]) -> dict[str, list[Difference]]:
    """Return by module where models and tables differ; the tables have every revision."""
    from core.data.migrations.comparing import differences

    return run(url, lambda connection: differences(connection, histories))


def revision(url: str, history: History, message: str) -> Path:
    """Write the next revision of a module, from what its models say and its tables do not.

    Raises MigrationError where the tables lack a revision, or the file exists.
    """
    from core.data.migrations.runner import write_revision

    def work(connection: Connection) -> Path:
        if missing := missing_in(connection, [history])[history.module]:
            raise MigrationError(f"The tables lack {missing[0]}: run `atrium migrate` first.")
        return write_revision(connection, history, message)

    return run(url, work)


def missing_in(connection: Connection, histories: Sequence[History]) -> dict[str, list[str]]:
    """Raises MigrationError where the database is newer than the code."""
    at = positions(connection, histories)
    return {each.module: each.missing(at[each.module]) for each in histories}


def positions(connection: Connection, histories: Sequence[History]) -> dict[str, str | None]:
    there = set(inspect(connection).get_table_names())
    return {
        each.module: connection.scalar(text(f"SELECT version_num FROM {each.version_table}"))  # noqa: S608
        if each.version_table in there
        else None
        for each in histories
    }
