"""`atrium seed`: sample data, for development and for measuring."""

import click

from core.cli.setting_up import run, the_settings
from core.operations.contributions import Seed
from core.wiring.container import CoreContainer


@click.command()
@click.option("--users", type=click.IntRange(1, 10_000_000), help="Also add this many people.")
def seed(users: int | None) -> None:
    """Add sample data; a second run adds nothing. People get no passwords."""
    del users
    the_settings()
    run(sow)


async def sow(core: CoreContainer) -> None:
    for each in core.contributions().of(Seed):
        await each.run()
        click.echo(f"{each.name}: done")
