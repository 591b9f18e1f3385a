"""`atrium`: one command to run the application. Errors say what to do next."""

import atexit
import gc
import os
import sys

import click

from core.cli.group import AtriumGroup
from core.version import VERSION

OWNER_ONLY_UMASK = 0o077
"""The umask for the database and for all other files that are written."""


def command() -> click.Group:
    group = AtriumGroup(name="atrium", help=__doc__)
    return click.version_option(VERSION, message="atrium %(version)s")(group)


def main() -> None:
    """Run a command.

    The exit status is 1, with one sentence on standard error, for an error that the operator can
    fix, and 2, with the usage, for a wrong command or argument.
    """
    os.umask(OWNER_ONLY_UMASK)
    atexit.register(gc.freeze)  # skip the garbage collection at the end of the process
    try:
        sys.exit(command().main(standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx else ""
        click.echo(f"{usage}\natrium: {error.format_message()}".strip(), err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        from core.cli.sentences import as_sentence  # imports the libraries of these errors

        if (sentence := as_sentence(error)) is None:
            raise
        sys.exit(f"atrium: {sentence}")
