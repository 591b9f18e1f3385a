"""`atrium openapi`: the OpenAPI document without a running server."""

import json

import click

from core.cli.loading import loaded_application


@click.command()
@click.option("--indent", default=2, show_default=True, help="Spaces per level.")
def openapi(indent: int) -> None:
    """Print the OpenAPI document."""
    from core.wiring.document import document_of_application

    document = document_of_application(loaded_application())
    click.echo(json.dumps(document, indent=indent, ensure_ascii=False))
