"""Alembic, one module at a time: one revision after another, each in a transaction of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import RevisionContext, compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from core.data.indexes import complete
from core.data.migrations.histories import MIGRATIONS, History, MigrationError
from core.data.models import Base, UtcDateTime

Plan = Callable[[tuple[str, ...]], Sequence[RevisionStep]]


def walk_up(connection: Connection, history: History) -> list[str]:
    script = script_of(history)
    return walk(connection, history, lambda heads: script._upgrade_revs("head", heads))  # type: ignore[arg-type]


def walk_down(connection: Connection, history: History, to: str) -> list[str]:
    script = script_of(history)
    script.get_revision(to)  # refuses `-1`, which would mean another one at each step
    return walk(connection, history, lambda heads: script._downgrade_revs(to, heads))  # type: ignore[arg-type]


def walk(connection: Connection, history: History, plan: Plan) -> list[str]:
    """Each transaction looks first where the database stands by then."""
    walked: list[str] = []

    def next_step(heads: tuple[str, ...], _: object) -> Sequence[RevisionStep]:
        history.missing(heads[0] if heads else None)
        steps = plan(heads)[:1]
        walked.extend(step.revision.revision for step in steps)
        return steps

    while history.revisions:
        before = len(walked)
        with EnvironmentContext(Config(), script_of(history), fn=next_step) as context:
            step(context, connection, history)
        if len(walked) == before:
            break
    return walked


def step(context: Any, connection: Connection, history: History) -> None:
    context.configure(connection=connection, **options(connection, history))
    with context.begin_transaction(), keeping_sqlite_whole(connection):
        context.run_migrations()


def differences(connection: Connection, history: History) -> list[Any]:
    context = MigrationContext.configure(connection, opts=options(connection, history))
    return list(compare_metadata(context, Base.metadata))


def write_revision(connection: Connection, history: History, message: str) -> Path:
    history.folder.mkdir(parents=True, exist_ok=True)
    config, script = Config(), script_of(history)
    asked = {
        "message": message,
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
    revision = RevisionContext(config, script, asked)

    def compare(heads: Any, context: MigrationContext) -> list[Any]:
        revision.run_autogenerate(heads, context)
        return []

    with EnvironmentContext(config, script, fn=compare) as context:
        context.configure(connection=connection, **options(connection, history))
        context.run_migrations()
    return next(Path(written.path) for written in revision.generate_scripts() if written)


def script_of(history: History) -> ScriptDirectory:
    return ScriptDirectory(
        MIGRATIONS,
        version_locations=[history.folder],
        file_template="%(year)d%(month).2d%(day).2d_%(slug)s",
    )


def options(connection: Connection, history: History) -> dict[str, Any]:
    """How alembic sees this module's tables and no others."""

    def is_own(name: str | None, kind: str, *_: Any) -> bool:
        if kind == "index":
            return not (name or "").endswith("_search")
        return kind != "table" or (history.owns(name) and not is_search(name or ""))

    return {
        "target_metadata": Base.metadata,
        "version_table": history.version_table,
        "transactional_ddl": True,
        "transaction_per_migration": False,
        "render_as_batch": connection.dialect.name == "sqlite",
        "render_item": render,
        "include_name": is_own,
        "include_object": lambda _, name, kind, *__: is_own(name, kind),
    }


def is_search(table: str) -> bool:
    """Of a search index (see `core.data.search_tables`), which no model describes."""
    return any(f"{table}_".startswith(f"{it}_search_") for it in Base.metadata.tables)


def render(_kind: str, thing: object, _: object) -> str | Literal[False]:
    """Keep migrations free of our own classes, so that old ones still run in years."""
    return "sa.DateTime(timezone=True)" if isinstance(thing, UtcDateTime) else False


@contextmanager
def keeping_sqlite_whole(connection: Connection) -> Iterator[None]:
    """A rebuilt table loses its triggers, and foreign keys are off meanwhile: look after both."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = search_triggers(connection)
    yield
    after = search_triggers(connection)
    for name, sql in before.items():
        if name in after:  # as the revision has made it, perhaps in another form
            continue
        table = name.partition("_search_")[0]
        if {table, f"{table}_search"} <= tables_of(connection):
            connection.exec_driver_sql(sql)
    if orphan := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise MigrationError(f"A row of {orphan[0]} refers to a row of {orphan[2]} that is gone.")


def search_triggers(connection: Connection) -> dict[str, str]:
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%/_search/_%'"
        " ESCAPE '/'"
    )
    return {name: sql for name, sql in found}


def tables_of(connection: Connection) -> set[str]:
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return set(found.scalars())
