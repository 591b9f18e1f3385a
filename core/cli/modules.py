"""`atrium module`: the installed modules, and the check of the rules for modules."""

import click

from core.cli.loading import loaded_application, loaded_settings
from core.cli.sentences import CommandFailed
from core.cli.tables import print_table
from core.kernel.contributions import Contribution
from core.wiring.plugin import core_of
from core.wiring.settings import usable_modules


@click.group()
def module() -> None:
    """List and check the installed modules."""


@module.command("list")
def list_modules() -> None:
    """List the installed modules; exit with status 1 if one cannot be loaded."""
    try:
        app = loaded_application()
    except Exception as error:
        list_what_loads(error)
        raise
    core = core_of(app)
    rows = [
        (it.name, it.version, it.routes, len(core.contributions().of(Contribution, it.name)))
        for it in core.modules()
    ]
    print_table(("module", "version", "routes", "contributes"), rows)


def list_what_loads(error: Exception) -> None:
    """List the modules that load, although a module or a setting stops the application."""
    usable = usable_modules()
    rows = [(name, plugin.version) for name, plugin in usable.plugins.items()]
    print_table(("module", "version"), rows)
    if usable.failures:
        raise CommandFailed(" ".join(usable.failures)) from error


@module.command("check")
@click.argument("name", required=False)
def check_module(name: str | None) -> None:
    """Check every module, or one, against the rules, and compare its models with its migrations."""
    from core.app import build_app
    from core.cli.models import differences
    from core.wiring.rules import breaches

    try:
        sentences = [*breaches(build_app(loaded_settings()), name), *differences(name)]
    except LookupError as error:
        raise CommandFailed(f"{error.args[0]} `atrium module list` lists all modules.") from None
    for sentence in sentences:
        click.echo(sentence)
    if sentences:
        broken = "1 rule is" if len(sentences) == 1 else f"{len(sentences)} rules are"
        raise CommandFailed(f"{broken} broken: see docs/modules.md.")
    click.echo("Every rule is kept.")
