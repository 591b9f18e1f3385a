"""A comparison of models and tables: each difference is a sentence with the command to run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import NoReferencedTableError
from sqlalchemy.types import TypeEngine

from core.data.migrations.revisions import Difference, History, MigrationError
from core.data.migrations.runner import ignore_uncompared, options
from core.data.models import Base

Compile = Callable[[TypeEngine[object]], str]
Reported = tuple[Any, ...]  # Any: alembic reports each kind of difference with other members
HARMLESS = ("remove_table", "remove_index")


def differences(
    connection: Connection, histories: Sequence[History]
) -> dict[str, list[Difference]]:
    """Return the differences by module; all tables are read once."""
    context = MigrationContext.configure(connection, opts=options(connection, *histories))
    with ignore_uncompared(), translate_unknown_tables():
        found = list(steps(compare_metadata(context, Base.metadata)))
    return {it.module: list(differences_of(it, found, connection)) for it in histories}


@contextmanager
def translate_unknown_tables() -> Iterator[None]:
    try:
        yield
    except NoReferencedTableError as error:
        raise MigrationError(f"{str(error).split(' with which')[0]}: correct the name.") from error


def steps(found: Sequence[Reported | list[Reported]]) -> Iterator[Reported]:
    """Yield one tuple for each difference; alembic groups those of one column in a list."""
    for difference in found:
        yield from difference if isinstance(difference, list) else [difference]


def differences_of(
    history: History, found: Sequence[Reported], connection: Connection
) -> Iterator[Difference]:
    """Yield the differences of one module, and only one for a table that one side lacks."""

    def compiled(kind: TypeEngine[object]) -> str:
        return str(kind.compile(dialect=connection.dialect))

    lacking = {table_name_of(it) for it in found if it[0].endswith("_table")}
    for difference in found:
        table, kind = table_name_of(difference), difference[0]
        if history.owns(table) and (kind.endswith("_table") or table not in lacking):
            sentence, name = described(difference, compiled)
            cure = f"run `atrium revision {history.module} {name}`"
            yield Difference(f"{sentence}: {cure}.", kind not in HARMLESS)


def table_name_of(difference: Reported) -> str:
    match difference:
        case ("add_table" | "remove_table", table):
            return str(table.name)
        case ("add_table_comment" | "remove_table_comment", table, *_):
            return str(table.name)
        case ("add_column" | "remove_column", _, table, _):
            return str(table)
        case (str(kind), _, table, *_) if kind.startswith("modify_"):
            return str(table)
        case ("search", table, _, _):
            return str(table)
        case (_, constraint):
            return str(constraint.table.name)
    raise ValueError(f"alembic reports a difference of the unknown kind {difference[0]!r}.")


def described(difference: Reported, compiled: Compile) -> tuple[str, str]:
    """Return a sentence about the difference, and a name for the revision that removes it."""
    match difference:
        case ("add_table_comment" | "remove_table_comment", table, *_):
            return f"the comment of {table.name} is different in the migrations", "change_comment"
        case ("search", table, (), _):
            return f"the search index of {table} is in the model and in no migration", "add_search"
        case ("search", table, stored, declared):
            columns = f"{', '.join(declared)} in the model and {', '.join(stored)}"
            return f"the search index of {table} is over {columns} in the migrations", (
                "change_search"
            )
        case ("modify_check", _, table, name):
            return (
                f"the constraint {name} of {table} is different in the migrations",
                f"change_{name}",
            )
        case ("modify_type", _, table, column, _, stored, declared):
            kinds = f"{compiled(declared)} in the model and {compiled(stored)} in the migrations"
            return f"{table}.{column} is {kinds}", f"change_{column}"
        case ("modify_nullable", _, table, column, _, stored, _):
            one, other = ("migrations", "model") if stored else ("model", "migrations")
            return f"{table}.{column} may be null in the {one} and not in the {other}", (
                f"change_{column}"
            )
        case (str(kind), _, table, column, *_) if kind.startswith("modify_"):
            what = kind.removeprefix("modify_")
            return f"the {what} of {table}.{column} is different in the migrations", (
                f"change_{column}"
            )
    name, short = named(difference)
    if difference[0].startswith("add_"):
        return f"{name} is in the model and in no migration", f"add_{short}"
    return f"{name} is in the database and in no model", f"drop_{short}"


def named(difference: Reported) -> tuple[str, str]:
    """Return the name of the object that one side lacks, for the sentence and the revision."""
    kind, table = difference[0], table_name_of(difference)
    if kind.endswith("_table"):
        return f"the table {table}", table
    if kind.endswith("_column"):
        return f"{table}.{difference[3].name}", difference[3].name
    what = {"fk": "foreign key", "constraint": "constraint"}.get(kind.partition("_")[2], "index")
    name = difference[1].name or "_".join(it.name for it in difference[1].columns)
    return f"the {what} {name} of {table}", name
