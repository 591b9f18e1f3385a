"""`atrium seed`: sample data for development and for measurements."""

from functools import partial

import click

from core.cli.loading import require_migrated, run
from core.data.search_merging import merge_search_indexes
from core.operations.contributions import Seed
from core.wiring.container import CoreContainer


@click.command()
@click.option("--users", type=click.IntRange(1, 10_000_000), help="Also add this many users.")
def seed(users: int | None) -> None:
    """Add sample data; a second run adds nothing. Sample users have no password."""
    require_migrated()
    run(partial(run_seeds, users=users))


async def run_seeds(core: CoreContainer, users: int | None, quiet: bool = False) -> None:
    for samples in core.contributions().of(Seed):
        await samples.run()
        if not quiet:
            click.echo(f"{samples.name}: done")
        if users and samples.add and samples.name.startswith("users."):
            with click.progressbar(length=users, label=f"{samples.name}: {users} more") as bar:
                await samples.add(users, bar.update)
    if users:
        await merge_search_indexes(core.db())
