"""`atrium module`: what is installed, and whether it keeps the rules of modules."""

import click

from core.cli.sentences import CommandFailed
from core.cli.setting_up import the_application, the_settings
from core.cli.tables import print_table
from core.wiring.module import Module
from core.wiring.routes import operations_of
from core.wiring.settings import usable_modules


@click.group()
def module() -> None:
    """Look at the installed modules."""


@module.command("list")
def list_modules() -> None:
    """List the installed modules; exit status 1, with the reason, when one cannot be loaded."""
    try:
        app = the_application()
    except Exception as error:
        list_what_loads(error)
        raise
    modules = [each for each in app.plugins if isinstance(each, Module)]
    counts: dict[str, int] = {}
    for _, handler in operations_of(app.routes):
        name = handler.opt["rules"].module
        counts[name] = counts.get(name, 0) + handler.resolve_include_in_schema()
    print_table(
        ("module", "version", "routes", "contributes"),
        [
            (each.name, each.version, counts.get(each.name, 0), len(each.contributions()))
            for each in modules
        ],
    )


def list_what_loads(error: Exception) -> None:
    """Go on without the modules, or the settings, that keep the application down."""
    found = usable_modules()
    rows = [(name, plugin.version) for name, plugin in found.plugins.items()]
    print_table(("module", "version"), rows)
    if found.failures:
        raise CommandFailed(" ".join(found.failures)) from error


@module.command("check")
@click.argument("name", required=False)
def check_module(name: str | None) -> None:
    """Check every module, or one, against the rules, and compare its models with its migrations."""
    from core.app import build_app
    from core.cli.models import differences
    from core.wiring.rules import breaches

    try:
        found = [*breaches(build_app(the_settings()), name), *differences(name)]
    except LookupError as error:
        raise CommandFailed(f"{error.args[0]} `atrium module list` names them.") from None
    for breach in found:
        click.echo(breach)
    if found:
        broken = "1 rule is" if len(found) == 1 else f"{len(found)} rules are"
        raise CommandFailed(f"{broken} broken: see docs/modules.md.")
    click.echo("Every rule is kept.")
