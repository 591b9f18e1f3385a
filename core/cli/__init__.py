"""`atrium`: one command for whoever runs the application. Errors say what to do next."""

import sys

from core.cli.group import AtriumGroup
from core.cli.sentences import as_sentence


def main() -> None:
    """Exit status 1 for what the operator can mend, with one sentence on standard error."""
    try:
        AtriumGroup(name="atrium", help=__doc__)(standalone_mode=True)
    except Exception as error:
        if (sentence := as_sentence(error)) is None:
            raise
        sys.exit(f"atrium: {sentence}")
