"""Migrations by alembic: one module at a time, and each revision in a transaction of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from re import sub
from typing import Any, Literal
from warnings import catch_warnings, simplefilter

from alembic.autogenerate import RevisionContext
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from alembic.config import Config
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, TypeDecorator, false, true
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeEngine

import core.data.migrations.checks
import core.data.migrations.defaults
import core.data.migrations.searches  # noqa: F401 (alembic compares by these)
from core.data.indexes import complete
from core.data.migrations.revisions import MIGRATIONS, History, MigrationError
from core.data.models import Base
from core.data.search_tables import TEXT_COLUMN
from core.kernel.loading import as_wiring_error

BOOLEANS = (type(true()), type(false()))
POSTGRES = PostgresqlImpl.__new__(PostgresqlImpl)  # renders types
PLUGINS = ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"]
Plan = Callable[[tuple[str, ...]], Sequence[RevisionStep]]


def walk_up(connection: Connection, history: History) -> list[str]:
    script = script_of(history)
    return walk(connection, history, lambda heads: script._upgrade_revs("head", heads))  # type: ignore[arg-type]


def walk_down(connection: Connection, history: History, to: str) -> list[str]:
    script = script_of(history)
    script.get_revision(to)  # raises for `-1`, which would mean another revision at each step
    return walk(connection, history, lambda heads: script._downgrade_revs(to, heads))  # type: ignore[arg-type]


def translate_failures(history: History) -> AbstractContextManager[None]:
    """Raise WiringError with the line of the error if the code of a revision fails."""
    names = [sub(r"\W", "_", file.name) for file in history.folder.glob("*.py")]  # as alembic does
    passing = (MigrationError, CommandError, SQLAlchemyError, OSError)
    return as_wiring_error(
        f"A revision of {history.module} cannot be run", *names, except_for=passing
    )


def walk(connection: Connection, history: History, plan: Plan) -> list[str]:
    """Run the planned revisions; each transaction first reads the current revision."""
    walked: list[str] = []

    def next_step(heads: tuple[str, ...], _: object) -> Sequence[RevisionStep]:
        history.missing(heads[0] if heads else None)
        steps = plan(heads)[:1]
        walked.extend(step.revision.revision for step in steps)
        return steps

    while history.revisions:
        before = len(walked)
        environment = EnvironmentContext(Config(), script_of(history), fn=next_step)
        with translate_failures(history), environment as context:
            step(context, connection, history)
        if len(walked) == before:
            break
    return walked


def step(context: EnvironmentContext, connection: Connection, history: History) -> None:
    context.configure(connection=connection, **options(connection, history))
    with context.begin_transaction(), keeping_sqlite_whole(connection):
        context.run_migrations()


def write_revision(connection: Connection, history: History, message: str) -> Path:
    history.folder.mkdir(parents=True, exist_ok=True)
    config, script = Config(), script_of(history)
    must_be_new(script, history, message)
    arguments = {
        "message": message.replace('"', "'"),  # it becomes a docstring
        "autogenerate": True,
        "sql": False,
        "head": "head",
        "splice": False,
        "branch_label": None,
        "version_path": str(history.folder),
        "rev_id": None,
        "depends_on": None,
    }
    complete(Base.metadata)
    revision = RevisionContext(config, script, arguments)

    def compare(heads: tuple[str, ...], context: MigrationContext) -> list[RevisionStep]:
        with ignore_uncompared():
            revision.run_autogenerate(heads, context)
        return []

    with EnvironmentContext(config, script, fn=compare) as context:
        context.configure(connection=connection, **options(connection, history))
        context.run_migrations()
    return next(Path(written.path) for written in revision.generate_scripts() if written)


def must_be_new(script: ScriptDirectory, history: History, message: str) -> None:
    """Raise MigrationError if alembic would overwrite a revision of the same day and name."""
    file = Path(script._rev_path(history.folder, "", message, script._generate_create_date()))
    if file.exists():
        raise MigrationError(f"{file} exists already: give the revision another name.")


@contextmanager
def ignore_uncompared() -> Iterator[None]:
    """Silence alembic's warnings about objects that it cannot read, such as expression indexes."""
    with catch_warnings():
        simplefilter("ignore")
        yield


def script_of(history: History) -> ScriptDirectory:
    return ScriptDirectory(
        MIGRATIONS,
        version_locations=[history.folder],
        file_template="%(year)d%(month).2d%(day).2d_%(slug)s",
        messaging_opts={"quiet": True},
    )


def options(connection: Connection, *histories: History) -> dict[str, Any]:
    """Return the options by which alembic sees the tables of these modules and no others."""

    def is_own(given: str | None, kind: str, *_: object) -> bool:
        name = given or ""
        if kind == "index":
            return not name.endswith("_search")
        if kind == "column":
            return name != TEXT_COLUMN
        return kind != "table" or (any(it.owns(name) for it in histories) and not is_search(name))

    return {
        "target_metadata": Base.metadata,
        "autogenerate_plugins": PLUGINS,
        "version_table": histories[0].version_table,
        "transactional_ddl": True,
        "transaction_per_migration": False,
        "render_as_batch": connection.dialect.name == "sqlite",
        "render_item": render,
        "include_name": is_own,
        "include_object": lambda thing, name, kind, *_: (
            is_own(name, kind) and not is_of_type(thing)
        ),
    }


def is_of_type(thing: object) -> bool:
    """Return whether this is a check constraint of a type, which some databases do not create."""
    return bool(getattr(thing, "_type_bound", False))


def is_search(table: str) -> bool:
    """Return whether the table belongs to a search index (see `core.data.search_tables`)."""
    return any(f"{table}_".startswith(f"{it}_search_") for it in Base.metadata.tables)


def render(kind: str, thing: object, context: AutogenContext) -> str | Literal[False]:
    """Return code for both databases, without classes of the project, because they may change."""
    if kind == "server_default" and isinstance(default := getattr(thing, "arg", None), BOOLEANS):
        return f"sa.{default}()"  # alembic writes the form of the connected database
    home = type(thing).__module__
    if isinstance(thing, TypeDecorator) and not home.startswith("sqlalchemy."):
        return _repr_type(thing.impl_instance, context)
    if isinstance(thing, TypeEngine) and home.startswith("sqlalchemy.dialects.postgresql"):
        context.imports.add("from sqlalchemy.dialects import postgresql")
        return POSTGRES.render_type(thing, context)  # alembic renders for the connected database
    return False


@contextmanager
def keeping_sqlite_whole(connection: Connection) -> Iterator[None]:
    """Restore the search triggers of rebuilt tables, and check the foreign keys, which are off."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = search_triggers(connection)
    yield
    after = search_triggers(connection)
    for name, sql in before.items():
        if name in after:  # the revision has created it, perhaps in another form
            continue
        table = name.partition("_search_")[0]
        if {table, f"{table}_search"} <= tables_of(connection):
            connection.exec_driver_sql(sql)
    if orphan := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise MigrationError(
            f"A row of {orphan[0]} refers to a row of {orphan[2]} that does not exist."
        )


def search_triggers(connection: Connection) -> dict[str, str]:
    triggers = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%/_search/_%'"
        " ESCAPE '/'"
    )
    return {name: sql for name, sql in triggers}


def tables_of(connection: Connection) -> set[str]:
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return set(names.scalars())
