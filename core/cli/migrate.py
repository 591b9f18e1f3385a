"""`atrium migrate`: bring the database to where the code is."""

import click

from core.cli.setting_up import the_settings


@click.command()
def migrate() -> None:
    """Take the missing revisions of core and every module; safe to run from several machines."""
    from core.data.migrations import upgrade
    from core.wiring.histories import histories

    walked = upgrade(the_settings().database_url.get_secret_value(), histories())
    for module, revisions in walked.items():
        for revision in revisions:
            click.echo(f"{module}: {revision}")
    click.echo("The database is up to date." if any(walked.values()) else "Nothing to do.")
