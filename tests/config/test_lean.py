import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

LOADED = """
import sys
from config.lean import UNUSED
import core.engine.http.server
from core.app import create_app

later = {"prometheus_client", "psutil", "sqlalchemy.dialects.postgresql", "watchfiles"}
unused = {*sum(UNUSED.values(), ()), *later, "core.testing"}
create_app()
print("loaded:", *sorted(unused & sys.modules.keys()))
import rich
print("found:", rich.__name__, core.engine.http.server.reloader().__name__)
"""


def test_what_nobody_uses_is_not_loaded_and_can_be(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env={"DATA_DIR": str(tmp_path)}, capture_output=True
    )
    assert done.stdout.decode().splitlines()[-2:] == ["loaded:", "found: rich WatchFilesReload"], (
        done.stderr
    )
