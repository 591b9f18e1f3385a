"""`atrium settings`: every setting with its value and source."""

import click

from core.cli.sentences import CommandFailed
from core.cli.tables import print_table


@click.command()
def settings() -> None:
    """Print every setting with its value and source; secrets are hidden."""
    from core.wiring.settings import report_settings

    report = report_settings()
    rows = [(row.name, row.value, row.source) for row in report.rows]
    print_table(("setting", "value", "source"), rows)
    if report.findings:
        raise CommandFailed(" ".join(report.findings))
