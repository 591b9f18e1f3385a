"""The commands for migrations: `atrium migrate`, `revision` and `downgrade`."""

import sys
from importlib.util import find_spec
from pathlib import Path
from subprocess import run

import click

from core.cli.loading import database_url, installed_histories, loaded_settings
from core.cli.sentences import CommandFailed
from core.data import migrations
from core.data.migrations.revisions import History

REVISION_FILE_MODE = 0o644
"""The mode of a revision file, which other users may read, unlike other written files."""


@click.command()
def migrate() -> None:
    """Apply the pending migrations of core and of every module, also from several machines."""
    loaded_settings().data_dir.mkdir(parents=True, exist_ok=True)
    applied = migrations.upgrade(database_url(), installed_histories())
    for module, revisions in applied.items():
        for revision in revisions:
            click.echo(f"{module}: {revision}")
    click.echo(
        "The database is up to date."
        if any(applied.values())
        else "The database was up to date already."
    )


@click.command()
@click.argument("module")
@click.argument("name")
def revision(module: str, name: str) -> None:
    """Write the next revision of MODULE: the difference between its models and its tables."""
    written = migrations.revision(database_url(), history(module), name)
    written.chmod(REVISION_FILE_MODE)
    write_in_form(written)
    click.echo(str(written))


def write_in_form(source: Path) -> None:
    """Format a file as `make check` requires, if ruff is installed."""
    if find_spec("ruff") is None:
        return
    for command in (["format"], ["check", "--fix"]):
        run([sys.executable, "-m", "ruff", *command, "--quiet", source], check=False)  # noqa: S603


@click.command()
@click.argument("module")
@click.argument("to", default="base")
def downgrade(module: str, to: str) -> None:
    """Roll MODULE back to the revision TO; without TO, roll back all its revisions."""
    click.confirm(
        f"This deletes the data that {module} has stored since revision {to}. Continue?", abort=True
    )
    for revision_id in migrations.downgrade(database_url(), history(module), to):
        click.echo(f"{module}: {revision_id}")


def history(module: str) -> History:
    by_module = {it.module: it for it in installed_histories()}
    if module not in by_module:
        raise CommandFailed(f"There is no module {module}: use one of {', '.join(by_module)}.")
    return by_module[module]
