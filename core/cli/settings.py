"""`atrium settings`: every setting, its value and where that comes from."""

import click

from core.cli.tables import print_table


@click.command()
def settings() -> None:
    """Print every setting with its value and source; secrets are hidden."""
    from core.wiring.settings import described_settings

    print_table(("setting", "value", "source"), described_settings())
