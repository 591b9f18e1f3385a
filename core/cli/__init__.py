"""`atrium`: one command to run the application. Errors say what to do next."""

import atexit
import gc
import os
import sys

import click

from core.cli.group import AtriumGroup
from core.version import VERSION

FOR_THIS_USER_ALONE = 0o077
"""Of the database, the files and whatever else is written."""


def command() -> click.Group:
    group = AtriumGroup(name="atrium", help=__doc__)
    return click.version_option(VERSION, message="atrium %(version)s")(group)


def main() -> None:
    """Exit status 1 for what the operator can mend, with one sentence on standard error.

    And 2, with how it is used, for what is no command.
    """
    os.umask(FOR_THIS_USER_ALONE)
    atexit.register(gc.freeze)  # no search of all that was loaded for what ends with the process
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
        from core.cli.sentences import as_sentence  # loads the libraries that these errors are of

        if (sentence := as_sentence(error)) is None:
            raise
        sys.exit(f"atrium: {sentence}")
