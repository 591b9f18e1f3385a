"""Runs the commands of a page: one shell for all of them, so that variables stay."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT, Block, Step

END_OF_STEP = "\x1e"
PUBLISHED = "127.0.0.1:8000"
"""The host and the port of the service on the pages."""

# The `make` lines of the pages are not run, as a test does not create the environment.
PRELUDE = f"""set -eu -o pipefail
make() {{ command make --dry-run --directory='{ROOT}' "$@" >/dev/null; }}
"""


@dataclass(frozen=True)
class Server:
    """A running service, its data folder, and the password of its first admin."""

    address: str
    data_dir: Path
    admin_password: str

    def localised(self, text: str) -> str:
        return text.replace(PUBLISHED, self.address)

    def published(self, text: str) -> str:
        return text.replace(self.address, PUBLISHED)


def run_page(steps: Sequence[Step], server: Server, folder: Path) -> list[str]:
    """Return the output of each command. Raises AssertionError if a command fails."""
    script = PRELUDE + "".join(f"{each.command.text}\nprintf '{END_OF_STEP}'\n" for each in steps)
    ended = subprocess.run(
        ["bash", "-c", server.localised(script)],  # noqa: S607
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(server),
        timeout=200,
        check=False,
    )
    *outputs, rest = ended.stdout.split(END_OF_STEP)
    if len(outputs) < len(steps):
        failed: Block = steps[len(outputs)].command
        raise AssertionError(f"{failed} ended with {ended.returncode}:\n{rest}\n{ended.stderr}")
    return [server.published(output) for output in outputs]


def environment(server: Server) -> dict[str, str]:
    """Return the environment of a terminal: `atrium` is in PATH and uses the same data."""
    commands = Path(sys.executable).parent
    return {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(server.data_dir),
        "LANG": "C.UTF-8",
        "DATA_DIR": str(server.data_dir),
        "ADMIN_PASSWORD": server.admin_password,
        "PYTHONPATH": str(ROOT),
    }
